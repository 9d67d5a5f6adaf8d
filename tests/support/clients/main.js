// The Node lines of docs/contracts/frontend.md, which stand above these, on the cases of standard input.
let told = "";
process.stdin.on("data", (part) => (told += part)).on("end", async () => {
  const found = [];
  for (const { user, now_ms: nowMs, values } of JSON.parse(told)) {
    const redis = { mget: async (...keys) => keys.map((key) => values[key] ?? null) };
    const { entries, token } = await readList(redis, user, nowMs);
    const sent = [];
    const producer = { send: async ({ messages }) => sent.push(messages[0].value) };
    if (entries.length) await report(producer, user, "conversion", entries[0], token, nowMs, { value: 12.5 });
    const shown = entries.map(({ position, activity, variant }) => [position, activity, variant]);
    found.push({ shown, token, sent });
  }
  console.log(JSON.stringify(found));
});
