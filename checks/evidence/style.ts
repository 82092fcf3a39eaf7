/** The style of the evidence page: one sheet, both colour schemes, nothing fetched. */

export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --ground: #f6f7f9; --card: #fff; --line: #d5dae0; --code: #eef1f4;
  --pass: #1a7f37; --waived: #0f6d8c; --fail: #c11d28; --unsure: #9a5700; --head: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #9aa4af; --ground: #0f1216; --card: #171b21; --line: #2c333c; --code: #0b0e12;
    --pass: #3fb950; --waived: #4cb5d6; --fail: #ff6b66; --unsure: #e3a13c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main, header > div { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
header { color: var(--head); padding: 1.5rem 0 1.25rem; }
header.blocked { background: #a8141f; } header.open { background: #17703a; } header.rehearsed { background: #5b4a9e; } header.unsigned { background: #7a4f00; }
h1 { margin: 0; font-size: 2.1rem; line-height: 1.15; letter-spacing: -.01em; }
header p { margin: .45rem 0 0; opacity: .92; overflow-wrap: anywhere; }
header nav { margin-top: .75rem; display: flex; flex-wrap: wrap; gap: .4rem; }
header nav a { color: inherit; text-decoration: none; font-weight: 600; padding: .1rem .6rem; border: 1px solid rgb(255 255 255 / .55); border-radius: 1rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
article { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--tone); border-radius: 6px; padding: .85rem 1.1rem 1rem; margin: 0 0 .75rem; }
article h3 { margin: 0; font-size: 1.1rem; display: flex; align-items: baseline; gap: .6rem; flex-wrap: wrap; }
article p { margin: .3rem 0 0; overflow-wrap: anywhere; }
article ul { margin: .5rem 0 0; padding-left: 1.2rem; } article li { overflow-wrap: anywhere; }
.label { color: var(--soft); font-size: .8rem; margin-top: .75rem; }
pre { margin: .2rem 0 0; padding: .6rem .8rem; background: var(--code); border: 1px solid var(--line); border-radius: 5px; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .95rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre.type { user-select: all; cursor: copy; } pre.type::before { content: "❯ "; color: var(--soft); }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--code); padding: .05em .3em; border-radius: 3px; }
.chip { color: var(--tone); border: 1px solid currentColor; border-radius: 1rem; padding: 0 .55rem; font-size: .8rem; font-weight: 650; white-space: nowrap; }
.pass { --tone: var(--pass); } .waived, .shown { --tone: var(--waived); } .fail { --tone: var(--fail); }
.inconclusive, .error, .absent { --tone: var(--unsure); }
.rows { background: var(--card); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.rows > * + * { border-top: 1px solid var(--line); }
.row, .axis { display: grid; grid-template-columns: 8.5rem 10rem 1fr 4.5rem; gap: .8rem; align-items: center; padding: .5rem 1rem; }
.axis { color: var(--soft); font-size: .78rem; padding-block: .3rem; }
.axis .track { display: flex; justify-content: space-between; height: auto; background: none; }
summary { cursor: pointer; list-style: none; } summary::-webkit-details-marker { display: none; }
summary:hover, summary:focus-visible { background: var(--code); }
.row b { overflow-wrap: anywhere; } .row b::before { content: "›"; display: inline-block; width: .9rem; color: var(--soft); } details[open] .row b::before { content: "⌄"; }
.track { position: relative; height: .8rem; background: var(--code); border-radius: 3px; }
.bar { display: block; fill: var(--tone); }
.time { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); font-size: .9rem; white-space: nowrap; }
.detail { padding: .1rem 1rem 1rem 1.9rem; } .detail p { margin: .3rem 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0 0; font-size: .92rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; font-variant-numeric: tabular-nums; }
footer { color: var(--soft); font-size: .85rem; margin: 2rem 0 3rem; } footer p { margin: .2rem 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { h1 { font-size: 1.6rem; } .row { grid-template-columns: 1fr auto auto; } .row .track, .axis { display: none; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .3rem; } }
`;
