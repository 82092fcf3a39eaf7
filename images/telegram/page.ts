/** The page at `/`: chat with the bot as a Telegram user, and choose a fault. Self-contained; all text is set as text. */

import { createHash } from "node:crypto";
import { faults } from "./state.ts";

const style = `
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 46rem; padding: 1rem; display: flex; flex-direction: column; height: 100vh; box-sizing: border-box; }
header, form { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap; }
h1 { font-size: 1.1rem; margin: 0; flex: 1; }
input, select, button { font: inherit; padding: .4rem .6rem; }
#text { flex: 1; min-width: 10rem; } #id { width: 8rem; }
#log { flex: 1; overflow-y: auto; list-style: none; margin: 1rem 0; padding: 0; display: flex; flex-direction: column; gap: .4rem; }
#log li { padding: .4rem .7rem; border-radius: .7rem; max-width: 80%; white-space: pre-wrap; overflow-wrap: anywhere; }
#log .user { align-self: flex-end; background: #2b7de9; color: #fff; }
#log .bot { align-self: flex-start; background: color-mix(in srgb, currentColor 12%, transparent); }
#log small { display: block; opacity: .75; } #state { min-height: 1.5em; }`;

const script = `
const by = (id) => document.getElementById(id);
let after = 0;
by("id").value = new URLSearchParams(location.search).get("id") || "42";
const api = async (path, method, body) => {
  const answer = await fetch("/_control/" + path, { method, headers: { "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}) });
  const value = await answer.json();
  if (!value.ok) throw new Error(value.description);
  return value;
};
const say = (line) => { by("state").textContent = line; };
const from = () => ({ id: Number(by("id").value), username: by("name").value });
const attempt = (work) => work().then(() => say(""), (error) => say(error.message));
const show = (entry) => {
  const item = document.createElement("li");
  item.className = entry.by;
  const note = document.createElement("small");
  note.textContent = (entry.kind === "message" ? "" : entry.kind + " · ") + new Date(entry.seq).toLocaleTimeString();
  item.append(entry.text, note);
  for (const button of (entry.buttons ?? []).flat()) {
    const press = document.createElement("button");
    press.textContent = button.text;
    press.disabled = !button.callback_data;
    press.onclick = () => attempt(() => api("presses", "POST", { from: from(), message_id: entry.messageId, data: button.callback_data }));
    item.append(press);
  }
  by("log").append(item);
  item.scrollIntoView();
};
const follow = async () => {
  for (;;) {
    const id = by("id").value;
    try {
      const { messages } = await api("messages?wait=25000&after=" + after + "&chat=" + encodeURIComponent(id), "GET");
      if (id !== by("id").value) continue;
      for (const entry of messages) { after = entry.seq; show(entry); }
    } catch {
      say("The emulator does not answer; trying again.");
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
};
by("id").onchange = () => { after = 0; by("log").replaceChildren(); };
by("fault").onchange = () => attempt(() => api("fault", "PUT", { fault: by("fault").value }));
by("say").onsubmit = (event) => {
  event.preventDefault();
  attempt(async () => { await api("messages", "POST", { from: from(), text: by("text").value }); by("text").value = ""; });
};
api("fault", "GET").then(({ fault }) => { by("fault").value = fault; }, () => {});
follow();`;

const sha256 = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The page and the content policy that lets nothing run or load but its own script and style. */
export function page(): { readonly body: string; readonly policy: string } {
  const options = faults.map((fault) => `<option>${fault}</option>`).join("");
  const body = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>PhillBot: emulated Telegram</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head><body>
<header><h1>PhillBot, by an emulated Telegram</h1>
<label>User id <input id="id" type="number" min="1" value="42" required></label>
<label>Name <input id="name" value="owner" size="8"></label>
<label>Fault <select id="fault">${options}</select></label></header>
<ul id="log" aria-live="polite"></ul><p id="state" role="status"></p>
<form id="say"><input id="text" placeholder="/whoami" autocomplete="off" required aria-label="Message"><button>Send</button></form>
<script>${script}</script></body></html>`;
  return {
    body,
    policy: `default-src 'none'; connect-src 'self'; style-src ${sha256(style)}; script-src ${sha256(script)}; base-uri 'none'; form-action 'none'`,
  };
}
