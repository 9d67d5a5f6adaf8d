// Plays one scenario in Chromium and prints what was found as JSON: node drive.mjs SCENARIO CHROMIUM ARGUMENTS
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const modules = createRequire(join(process.env.TIDELINE_BROWSER, "package.json"));
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const [scenario, executablePath, text] = process.argv.slice(2);
const given = JSON.parse(text);
const PATIENCE_MS = 60_000;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--no-first-run", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

async function opened(play, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), "tideline-browser-"));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath, headless: true, args: FLAGS, viewport: { width: 1280, height: 900 }, ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const requests = new Set();
  const errors = [];
  context.on("request", (request) => requests.add(new URL(request.url()).host));
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(error.message));
  // a browser tells every answer of 401 or 403 as an error; what else it tells is one
  page.on("console", (line) => line.type() === "error" && !/status of 40[13]/.test(line.text()) && errors.push(line.text()));
  try {
    return { ...(await play(page, context)), requests: [...requests].sort(), errors };
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const order = (page) => page.locator("tr[data-activity]").evaluateAll((rows) => rows.map((row) => row.dataset.activity));

const SCENARIOS = {
  // An event changes the list that is shown, without a reload.
  async playground(page) {
    await page.goto(given.address);
    await page.locator("tr[data-activity]").first().waitFor();
    const address = page.url();
    await page.evaluate(() => (window.stays = true));
    const before = await order(page);
    const shown = page.locator(`tr[data-activity="${before.at(-1)}"]`);
    const started = Date.now();
    await shown.locator('button[data-type="click"]').click();
    await page.waitForFunction(
      (names) => {
        const now = [...document.querySelectorAll("tr[data-activity]")].map((row) => row.dataset.activity);
        return document.querySelector('[data-test="said"]').textContent && (names.length < 2 || now.join() !== names.join());
      },
      given.reorders === false ? [] : before,
    );
    const took = Date.now() - started;
    const after = await order(page);
    const first = page.locator(`tr[data-activity="${after[0]}"]`);
    const reason = await first.locator('[data-test="reason"]').innerText();
    await first.getByRole("button", { name: /^why/ }).click();
    const verdict = page.locator('[data-test="verdict"]');
    await verdict.waitFor();
    return {
      address, before, after, took, reason, verdict: await verdict.innerText(),
      said: await page.locator('[data-test="said"]').innerText(), raw: await page.locator('[data-test="raw"]').innerText(),
      sent: await page.locator('[data-test="sent"] li').count(), stays: await page.evaluate(() => window.stays === true),
    };
  },

  // Every page in one scheme at one width: what axe finds, and whether it is wider than the window.
  async axe(page) {
    const found = {};
    await page.goto(given.address.split("#")[0]);
    await page.getByLabel(/^Token/).waitFor();
    found.entry = await looked(page);
    for (const [name, hash, ready] of given.pages) {
      await page.goto(`${given.address.split("#")[0]}#/${hash}${hash.includes("?") ? "&" : "?"}token=${given.token}`);
      await page.locator(ready).first().waitFor();
      const why = page.getByRole("button", { name: /^why/ }).first();
      if (await why.count()) {
        await why.click();
        await page.locator('[data-test="verdict"]').waitFor();
      }
      for (const closed of await page.locator("details:not([open]) > summary").all()) await closed.click();
      found[name] = await looked(page);
    }
    return { found };
  },

  // Messages: what the verbs say, a stop of one and its end, a stop of all, one message in words.
  async messages(page) {
    await page.goto(given.address);
    await page.locator('[data-test="stopped"]').waitFor();
    const stopped = () => page.locator('[data-test="stopped"]').innerText();
    await page.getByRole("button", { name: "Read it now" }).click();
    const brought = page.locator('[data-test="brought"]');
    await brought.waitFor();
    const campaigns = await page.locator("tr[data-campaign] th").allInnerTexts();
    if (given.picture) await page.screenshot({ path: given.picture, fullPage: true });
    const closed = page.locator("details:not([open]) > summary");
    while (await closed.count()) await closed.first().click();
    const seen = await looked(page);
    await page.getByLabel("or those about").fill(given.activity);
    await page.getByRole("button", { name: "Stop these" }).click();
    await page.getByRole("button", { name: "Do not" }).click();
    const before = {};
    if (!(await stopped()).startsWith("Nothing")) before.stopped = await stopped();
    await page.getByLabel("or those about").fill(given.activity);
    await page.getByRole("button", { name: "Stop these" }).click();
    await page.locator('[data-test="yes"]').click();
    await page.locator(".sentence.bad").waitFor();
    const one = await stopped();
    await page.getByRole("button", { name: "Start these again" }).click();
    await page.locator('[data-test="stopped"]').filter({ hasText: "Nothing is stopped" }).waitFor();
    await page.getByRole("button", { name: "Stop all messages" }).click();
    await page.locator('[data-test="yes"]').click();
    await page.locator(".sentence.bad").waitFor();
    await page.getByLabel(/^Id/).fill(given.id);
    await page.getByRole("button", { name: "Explain it" }).click();
    const told = page.locator('[data-test="told"]');
    await told.waitFor();
    return {
      campaigns, before, seen, stopped: one, all: await stopped(), title: await page.title(),
      brought: await brought.innerText(), told: await told.innerText(),
    };
  },

  // What a page offers to who only reads.
  async unswitched(page) {
    await page.goto(given.address);
    await page.locator('[data-test="stopped"]').waitFor();
    return { buttons: await page.locator("main button").allInnerTexts(), text: await page.locator("main").innerText() };
  },

  // By keyboard alone: to a page, to a user, to the reason of an entry.
  async keyboard(page) {
    await page.goto(given.address);
    await page.locator('[data-test="sentence"]').waitFor();
    const order = [];
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      const here = await page.evaluate(() => {
        const element = document.activeElement;
        const style = getComputedStyle(element);
        return { text: element.textContent.trim().slice(0, 40), outline: style.outlineStyle !== "none" };
      });
      order.push(here);
      if (here.text === "Playground") break;
    }
    await page.keyboard.press("Enter");
    await page.getByLabel("User").focus();
    await page.keyboard.type("u1");
    await page.keyboard.press("Enter");
    await page.locator("tr[data-activity]").first().waitFor();
    const why = page.getByRole("button", { name: /^why/ }).first();
    await why.focus();
    await page.keyboard.press("Enter");
    await page.locator('[data-test="verdict"]').waitFor();
    return { order, expanded: await why.getAttribute("aria-expanded") };
  },

  // What a page of another site can make this browser do, which has a session.
  async attacked(page, context) {
    await page.goto(given.address);
    await page.locator('[data-test="sentence"]').waitFor();
    const own = await page.evaluate(async () => {
      const body = JSON.stringify({ user: "u1", category: "TEA" });
      const headers = { "Content-Type": "application/json", "X-Tideline": "1" };
      return (await fetch("/api/events", { method: "POST", headers, body })).status;
    });
    const other = await context.newPage();
    await other.goto(given.evil);
    await other.waitForFunction(() => window.done);
    return { own, other: await other.evaluate(() => window.done) };
  },

  // The server forgets every session while a page is open: the way in is shown again, and the page after it.
  async forgotten(page) {
    await page.goto(given.address);
    await page.locator('[data-test="sentence"]').waitFor();
    await page.evaluate(async () => {
      const headers = { "Content-Type": "application/json", "X-Tideline": "1" };
      await fetch("/api/session", { method: "DELETE", headers });
    });
    await page.getByLabel(/^Token/).fill(given.token);
    await page.getByRole("button", { name: "Enter" }).click();
    await page.locator('[data-test="sentence"]').waitFor();
    return { address: page.url() };
  },

  // What Health says, step by step; a line on standard input begins the next one.
  async health(page) {
    await page.goto(given.address);
    const said = [];
    for (const { selector, pattern } of given.steps) {
      const started = Date.now();
      await page.locator(selector).filter({ hasText: new RegExp(pattern) }).first().waitFor({ timeout: 5 * PATIENCE_MS });
      said.push({ took: Date.now() - started, text: await page.locator('[data-test="sentence"]').innerText() });
      console.error(`step ${said.length}`);
      if (said.length < given.steps.length) await new Promise((next) => process.stdin.once("data", next));
    }
    process.stdin.destroy();
    return { said };
  },
};

async function looked(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  return {
    wider: width[0] > width[1] ? width : null,
    violations: violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map((each) => each.html.slice(0, 160)) })),
  };
}

console.log(JSON.stringify(await opened(SCENARIOS[scenario], given.options)));
