// The same read in a frontend's own language.
import { html } from "htm/preact";
import { useState } from "preact/hooks";

const LANGUAGES = {
  "redis-cli": (key) => `redis-cli GET ${quoted(key)}`,
  Python: (key) => `import json, redis\n\nfound = redis.Redis.from_url(REDIS_URL).get(${quoted(key)})\nids = json.loads(found)["i"] if found else []`,
  Node: (key) => `import { createClient } from "redis";\n\nconst client = await createClient({ url: REDIS_URL }).connect();\nconst found = await client.get(${quoted(key)});\nconst ids = found ? JSON.parse(found).i : [];`,
};

const quoted = (text) => JSON.stringify(text);

export function Snippets({ prefix, user }) {
  const [language, setLanguage] = useState("Python");
  const [copied, setCopied] = useState(false);
  const text = LANGUAGES[language](`${prefix}:list:${user}`);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true), () => setCopied(false));
  return html`<h2>In your code</h2>
    <p class="row"><label>Language <select value=${language} onChange=${(event) => { setLanguage(event.target.value); setCopied(false); }}>
      ${Object.keys(LANGUAGES).map((name) => html`<option key=${name}>${name}</option>`)}</select></label>
      <button class="plain" onClick=${copy}>Copy</button><span role="status">${copied ? "copied" : ""}</span></p>
    <pre tabindex="0" aria-label="Code">${text}</pre>
    <p class="quiet">What ends, is stopped or is missing: the frontend's contract has the thirty lines.</p>`;
}
