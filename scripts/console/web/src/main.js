// The pages by their hash, and the one connection that a tab has.
import { render } from "preact";
import { html } from "htm/preact";
import { effect, signal } from "@preact/signals";
import { enter, leave, session } from "./api.js";
import { follow } from "./live.js";
import { Health, healthTopics } from "./health.js";
import { Activities, activityTopics } from "./activities.js";
import { Evaluate, evaluateTopics } from "./evaluate.js";
import { Experiments, experimentTopics } from "./experiments.js";
import { Messages, messageTopics } from "./messages.js";
import { Playground, playgroundTopics } from "./playground.js";
import { Runbook } from "./runbook.js";
import "uplot/dist/uPlot.min.css";
import "./style.css";

const PAGES = {
  health: { title: "Health", page: Health, topics: healthTopics },
  activities: { title: "Activities", page: Activities, topics: activityTopics },
  messages: { title: "Messages", page: Messages, topics: messageTopics },
  experiments: { title: "Experiments", page: Experiments, topics: experimentTopics },
  evaluate: { title: "Evaluate", page: Evaluate, topics: evaluateTopics },
  playground: { title: "Playground", page: Playground, topics: playgroundTopics },
};

const HIDDEN = { runbook: { title: "Runbook", page: Runbook, topics: () => [] } };
const ALL = { ...PAGES, ...HIDDEN };

const place = signal(read());

function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const page = path in ALL ? path : "health";
  return { page, query: new URLSearchParams(query ?? "") };
}

function take() {
  const found = read();
  const token = found.query.get("token");
  if (token !== null) {
    found.query.delete("token");
    const rest = found.query.toString();
    history.replaceState(null, "", `#/${found.page}${rest ? `?${rest}` : ""}`);
    enter(token);
  }
  place.value = found;
}

function Entry() {
  const give = (event) => {
    event.preventDefault();
    enter(new FormData(event.target).get("token"));
  };
  return html`<main class="entry">
    <h1>Tideline console</h1>
    ${session.value.error && html`<p role="alert">${session.value.error}</p>`}
    <form onSubmit=${give}>
      <label for="token">Token, as it was printed at the start</label>
      <input id="token" name="token" type="password" autocomplete="off" required />
      <button>Enter</button>
    </form>
  </main>`;
}

function App() {
  const { state, about } = session.value;
  if (state === "asking") return html`<main class="entry"><h1>Tideline console</h1><p>…</p></main>`;
  if (state === "out") return html`<${Entry} />`;
  const { page, query } = place.value;
  const Page = ALL[page].page;
  document.title = `${ALL[page].title} · ${about.name} · Tideline console`;
  return html`<a class="skip" href="#main" onClick=${toMain}>Skip to content</a>
    <header>
      <strong>Tideline</strong> <span class="quiet">${about.name}</span>
      <nav aria-label="Pages">
        ${Object.entries(PAGES).map(
          ([name, { title }]) =>
            html`<a key=${name} href=${`#/${name}`} aria-current=${name === page ? "page" : undefined}>${title}</a>`,
        )}
      </nav>
      <span class="quiet role">${about.role}${about.writes === null ? ", reads only" : ""}</span>
      <button class="plain" onClick=${leave}>Leave</button>
    </header>
    <main id="main" tabindex="-1"><${Page} query=${query} about=${about} /></main>`;
}

function toMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

addEventListener("hashchange", take);
take();
effect(() => {
  const { page } = place.value;
  follow(session.value.state === "in" ? ALL[page].topics() : []);
});
render(html`<${App} />`, document.getElementById("app"));
