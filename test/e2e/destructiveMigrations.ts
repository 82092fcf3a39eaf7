/** Migrations that take something from the release before, one of each kind, for the tests that try them on a real PostgreSQL. */

const search = "public.memory_search(text, integer)";

/** What an earlier migration made, so that there is something of each kind to take away. */
export const earlier = `
  create type memory.mood as enum ('calm', 'cross');
  create domain memory.short as text;
  create table memory.notes (id int primary key, item bigint, note text, mood memory.mood, length memory.short default 'x');
  create view memory.shown as select id, note from memory.notes;
  create function memory.stamp() returns trigger language plpgsql as 'begin return new; end';
  create trigger stamp before update on memory.notes for each row execute function memory.stamp();
  create function memory.forget_note(p_id int) returns void language plpgsql as $$
  begin
    if exists (select from memory.notes where id = p_id) then delete from memory.notes where id = p_id; end if;
  end $$`;

/** What each takes away, and how that is told. */
export const destructive: readonly (readonly [title: string, sql: string, names: RegExp])[] = [
  ["drops a table", "drop table memory.items cascade", /the table memory\.items is gone/],
  [
    "makes a table anew",
    "drop table memory.notes cascade; create table memory.notes (id int primary key)",
    /table memory\.notes is not what it was/,
  ],
  ["drops a column", "alter table memory.notes drop column item", /the column memory\.notes\.item is gone/],
  [
    "makes a column anew",
    "alter table memory.notes drop column item; alter table memory.notes add column item bigint",
    /the column memory\.notes\.item is not what it was/,
  ],
  ["drops a function", "drop function public.memory_forget(text) cascade", /the function public\.memory_forget\(text\) is gone/],
  ["drops a schema", "drop schema memory cascade", /the schema memory is gone/],
  ["drops a type", "alter table memory.notes drop column mood; drop type memory.mood", /the type memory\.mood is gone/],
  ["drops a view", "drop view memory.shown", /the view memory\.shown is gone/],
  ["drops a trigger", "drop trigger stamp on memory.notes", /the trigger stamp on memory\.notes is gone/],
  [
    "turns a trigger off",
    "alter table memory.notes disable trigger stamp",
    /the trigger stamp on memory\.notes is not what it was/,
  ],
  ["renames a table", "alter table memory.notes rename to remarks", /the table memory\.notes is gone/],
  ["renames a column", "alter table memory.notes rename column note to remark", /the column memory\.notes\.note is gone/],
  [
    "renames a function",
    "alter function public.memory_recall(text) rename to memory_get",
    /the function public\.memory_recall\(text\) is gone/,
  ],
  ["renames a value", "alter type memory.mood rename value 'cross' to 'angry'", /the value 'cross' of memory\.mood is gone/],
  ["moves a table", "alter table memory.notes set schema public", /the table memory\.notes is gone/],
  [
    "changes a column's type",
    "alter table memory.notes alter column item type int",
    /the column memory\.notes\.item is not what it was/,
  ],
  [
    "drops a default",
    "alter table memory.notes alter column length drop default",
    /the default of memory\.notes\.length is gone/,
  ],
  [
    "asks an old column for a value",
    "alter table memory.notes alter column note set not null",
    /memory\.notes is asked more than before: not null of note/,
  ],
  [
    "asks a new column for a value",
    "alter table memory.notes add column author text not null",
    /memory\.notes is asked more than before: not null of author/,
  ],
  [
    "constrains an old column",
    "alter table memory.notes add constraint brief check (char_length(note) < 10) not valid",
    /memory\.notes is asked more than before: the constraint brief/,
  ],
  [
    "refers from an old column",
    "alter table memory.notes add foreign key (item) references memory.items",
    /memory\.notes is asked more than before: the constraint notes_item_fkey/,
  ],
  [
    "makes an old column unique",
    "create unique index on memory.notes (note)",
    /memory\.notes is asked more than before: the key/,
  ],
  [
    "constrains a domain",
    "alter domain memory.short add constraint brief check (char_length(value) < 10)",
    /memory\.short is asked more than before: the constraint brief/,
  ],
  [
    "drops a key",
    "alter table memory.items drop constraint items_key_key",
    /the key CREATE UNIQUE INDEX ON memory\.items .* is gone/,
  ],
  ["drops a policy", "drop policy items_api on memory.items", /the policy items_api on memory\.items is gone/],
  [
    "alters a policy",
    "alter policy items_api on memory.items using (key <> 'secret')",
    /the policy items_api on memory\.items is not what it was/,
  ],
  [
    "restricts by a policy",
    "create policy less on memory.items as restrictive using (key <> 'secret')",
    /memory\.items is asked more than before: the policy less/,
  ],
  ["turns row security on", "alter table memory.notes enable row level security", /asked more than before: row security/],
  ["writes elsewhere by a rule", "create rule away as on insert to memory.notes do instead nothing", /the rule away/],
  [
    "revokes a function",
    "revoke execute on function public.memory_recall(text) from memory_bot",
    /the right EXECUTE on the function public\.memory_recall\(text\) to memory_bot is gone/,
  ],
  [
    "revokes a table",
    "revoke delete on memory.items from memory_api",
    /the right DELETE on the table memory\.items to memory_api/,
  ],
  ["revokes a schema", "revoke usage on schema memory from memory_api", /the right USAGE on the schema memory to memory_api/],
  ["takes a member away", "revoke memory_bot from authenticator", /the membership of authenticator in memory_bot is gone/],
  [
    "renames an argument",
    `drop function public.memory_recall(text); create function public.memory_recall(p_name text)
     returns table (key text, value text, created_at timestamptz, updated_at timestamptz) language sql stable security definer
     as $$ select item.key, item.value, item.created_at, item.updated_at from memory.items as item where item.key = p_name $$;
     alter function public.memory_recall(text) owner to memory_api;
     grant execute on function public.memory_recall(text) to memory_bot`,
    /the function public\.memory_recall\(text\) is not what it was/,
  ],
  [
    "asks for an argument that could be left out",
    `drop function ${search}; create function public.memory_search(p_query text, p_limit integer)
     returns table (key text, value text, created_at timestamptz, updated_at timestamptz) language sql stable security definer
     as $$ select item.key, item.value, item.created_at, item.updated_at from memory.items as item limit p_limit $$;
     alter function ${search} owner to memory_api; grant execute on function ${search} to memory_bot`,
    /the call of public\.memory_search\(text, integer\) without its last 1 is gone/,
  ],
  [
    "adds a function that an old call may mean as well",
    "create function public.memory_recall(p_key text, p_language text default 'en') returns text language sql as $$ select p_key $$",
    /public\.memory_recall is asked more than before: another function/,
  ],
  [
    "runs a function by its caller's rights",
    "alter function public.memory_recall(text) security invoker",
    /the function public\.memory_recall\(text\) is not what it was/,
  ],
  [
    "breaks a function by its text",
    "create or replace function public.memory_forget(p_key text) returns boolean language sql volatile security definer as 'select false'",
    /the bot's functions fail \(PB002/,
  ],
  [
    "breaks what is written by a trigger",
    `create function memory.no() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
     create trigger no before insert on memory.items for each row execute function memory.no()`,
    /the bot's functions fail \(P0001/,
  ],
  ["empties a table", "truncate memory.items", /what was remembered is not recalled/],
  ["empties a table that holds nothing here", "truncate memory.notes", /it removes rows of memory\.notes/],
  ["deletes rows", "delete from memory.notes where note = 'old'", /it removes rows of memory\.notes/],
  ["overwrites rows", "update memory.notes set note = lower(note)", /it overwrites what is in memory\.notes/],
  [
    "overwrites rows as it inserts",
    "insert into memory.notes (id) values (1) on conflict (id) do update set note = 'x'",
    /it overwrites what is in memory\.notes/,
  ],
  [
    "deletes rows past all triggers",
    "alter table memory.notes disable trigger all; delete from memory.notes; alter table memory.notes enable trigger all",
    /it turns off the triggers of memory\.notes/,
  ],
  [
    "drops by a statement that is made at run time",
    "do $$ begin execute 'alter table memory.' || 'notes drop ' || 'column item'; end $$",
    /the column memory\.notes\.item is gone/,
  ],
  [
    "deletes by a statement that is made at run time",
    "do $$ begin execute format('delete from %I.%I where id = 1', 'memory', 'notes'); end $$",
    /it removes rows of memory\.notes/,
  ],
  [
    "writes other values into a column of the same type",
    "alter table memory.notes alter column item type bigint using item + 1",
    /^it writes what is in memory\.notes anew$/,
  ],
  [
    "empties a column by its type at run time",
    "do $$ begin execute 'alter table memory.notes alter item type bigint using null'; end $$",
    /^it writes what is in memory\.notes anew$/,
  ],
  [
    "widens a type",
    "alter table memory.notes alter column item type numeric",
    /^the column memory\.notes\.item is not what it was$/,
  ],
  [
    "turns off what watches for that",
    "drop event trigger phillbot_rewrites; alter table memory.notes alter column item type bigint using null",
    /turns off what watches for rows that are written anew/,
  ],
  [
    "deletes row by row",
    "do $$ declare r record; begin for r in select id from memory.notes loop delete from memory.notes where id = r.id; end loop; end $$",
    /cannot be told what a `do` block does to rows that the copy lacks \(`delete`\)/,
  ],
  [
    "overwrites where there are rows",
    "do $$ begin if exists (select from memory.notes) then update memory.notes set note = 'x'; end if; end $$",
    /cannot be told .*\(`update`\)/,
  ],
  [
    "deletes by a function of before, called for each row",
    "select memory.forget_note(id) from memory.notes",
    /cannot be told what the function forget_note, which it calls,.*\(`delete`\)/,
  ],
  [
    "deletes by a function that is called once and meets nothing",
    "select memory.forget_note(1)",
    /the function forget_note, which it calls/,
  ],
  [
    "deletes by a function of its own that it takes away again",
    `create function pg_temp.gone(p_id int) returns void language sql as 'delete from memory.notes where id = p_id';
     select pg_temp.gone(id) from memory.notes; drop function pg_temp.gone(int)`,
    /the function gone, which it calls/,
  ],
  [
    "merges",
    "merge into memory.notes using memory.items on item = items.id when matched then update set note = 'x' when not matched then do nothing",
    /it overwrites what is in memory\.notes/,
  ],
  ["lets rows go with a crash", "alter table memory.items set unlogged", /the table memory\.items is not what it was/],
  ["lets nobody in", "alter role authenticator connection limit 0", /the role authenticator is not what it was/],
  [
    "gives the server's role no time",
    "alter role authenticator set statement_timeout = '1ms'",
    /authenticator is asked more than before: the setting statement_timeout/,
  ],
  [
    "takes the right to write by a setting",
    "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$",
    /is asked more than before: the setting default_transaction_read_only/,
  ],
  [
    "watches every later migration",
    `create function memory.watch() returns event_trigger language plpgsql as 'begin end';
     create event trigger later on ddl_command_start execute function memory.watch()`,
    /no gate opens after it: .*event trigger/i,
  ],
  ["overwrites by a view", "update memory.shown set note = 'x'", /it overwrites what is in memory\.notes/],
];
