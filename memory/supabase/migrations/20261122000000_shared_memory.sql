-- The shared memory of one bot: what it was told to remember, by key and by text.
--
-- Tables live in the private schema `memory`. The bot's role `memory_bot` may execute the functions
-- `public.memory_*` and touch nothing else; they run as `memory_api`, which may read and change the
-- rows but owns nothing else. Expand and contract only: an applied migration is never edited.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'memory_bot') then
    create role memory_bot nologin noinherit;
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = 'memory_api') then
    create role memory_api nologin noinherit;
  end if;
end
$$;

-- The REST server logs in as `authenticator` and becomes the role that the key names.
grant memory_bot to authenticator;
-- Whoever migrates must be a member of `memory_api` to give functions to it.
grant memory_api to current_user;

create schema memory;
revoke all on schema memory from public;
grant usage on schema memory to memory_api;

create table memory.items (
  id bigint generated always as identity primary key,
  key text not null unique check (char_length(key) between 1 and 200),
  value text not null check (char_length(value) between 1 and 16000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- 'simple' stems nothing, so that a memory in any language is found by the words it was told in.
  search tsvector not null generated always as (to_tsvector('simple', key || ' ' || value)) stored
);

create index items_search on memory.items using gin (search);

comment on schema memory is 'The bot''s shared memory. Reached only through public.memory_* functions.';
comment on table memory.items is 'One remembered fact a row.';

alter table memory.items enable row level security;
create policy items_api on memory.items to memory_api using (true) with check (true);

revoke all on all tables in schema memory from public, anon, authenticated, service_role;
grant select, insert, update, delete on memory.items to memory_api;

-- A wait for a lock ends after four seconds, so that no request holds a connection for long.
create function public.memory_remember(p_key text, p_value text)
returns table (key text, value text, created_at timestamptz, updated_at timestamptz)
language sql volatile security definer set search_path = '' set lock_timeout = '4s'
as $$
  insert into memory.items as item (key, value)
  values (p_key, p_value)
  on conflict (key) do update set value = excluded.value, updated_at = pg_catalog.now()
  returning item.key, item.value, item.created_at, item.updated_at
$$;

create function public.memory_recall(p_key text)
returns table (key text, value text, created_at timestamptz, updated_at timestamptz)
language sql stable security definer set search_path = '' set lock_timeout = '4s'
as $$
  select item.key, item.value, item.created_at, item.updated_at
  from memory.items as item
  where item.key = p_key
$$;

-- Words as one types them in a search box; the newest of equal rank first; at most 100 rows.
create function public.memory_search(p_query text, p_limit integer default 20)
returns table (key text, value text, created_at timestamptz, updated_at timestamptz)
language sql stable security definer set search_path = '' set lock_timeout = '4s'
as $$
  select item.key, item.value, item.created_at, item.updated_at
  from memory.items as item, pg_catalog.websearch_to_tsquery('simple', pg_catalog.left(p_query, 500)) as query
  where item.search @@ query
  order by pg_catalog.ts_rank(item.search, query) desc, item.updated_at desc, item.id desc
  limit least(greatest(p_limit, 1), 100)
$$;

-- True where something was there to forget.
create function public.memory_forget(p_key text)
returns boolean
language sql volatile security definer set search_path = '' set lock_timeout = '4s'
as $$
  with gone as (delete from memory.items where items.key = p_key returning 1)
  select exists (select from gone)
$$;

-- Writes, reads back and removes a canary by the caller's own rights, in one round trip that leaves nothing.
create function public.memory_probe(p_nonce text)
returns text
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  canary constant text := 'memory_probe:' || p_nonce;
  seen text;
  removed boolean;
begin
  perform public.memory_remember(canary, p_nonce);
  select found.value into seen from public.memory_recall(canary) as found;
  if seen is distinct from p_nonce then
    raise exception 'The canary was written but not read back.' using errcode = 'PB001';
  end if;
  -- A statement of its own: within one, a stable function does not see what the statement itself removed.
  removed := public.memory_forget(canary);
  if not removed or exists (select from public.memory_recall(canary)) then
    raise exception 'The canary could not be removed.' using errcode = 'PB002';
  end if;
  return seen;
end
$$;

-- To own a function in `public` a role must for that moment be allowed to create there.
grant create on schema public to memory_api;
alter function public.memory_remember(text, text) owner to memory_api;
alter function public.memory_recall(text) owner to memory_api;
alter function public.memory_search(text, integer) owner to memory_api;
alter function public.memory_forget(text) owner to memory_api;
revoke create on schema public from memory_api;

-- Hosted projects may grant new functions to their own roles, and PostgreSQL grants them to everyone.
revoke all on function
  public.memory_remember(text, text), public.memory_recall(text), public.memory_search(text, integer),
  public.memory_forget(text), public.memory_probe(text)
from public, anon, authenticated, service_role;

grant usage on schema public to memory_bot;
grant execute on function
  public.memory_remember(text, text), public.memory_recall(text), public.memory_search(text, integer),
  public.memory_forget(text), public.memory_probe(text)
to memory_bot;
