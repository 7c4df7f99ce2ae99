// Node's own client: undici.request and JSON.parse. A line "N I" on stdin asks for N requests, I at a time.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, url, rows] = process.argv.slice(2);
const undici = createRequire(`${folder}/`)("undici");
const agents = new Map();

async function run(count, inFlight) {
  if (!agents.has(inFlight)) agents.set(inFlight, new undici.Agent({ connections: inFlight, pipelining: 1 }));
  const dispatcher = agents.get(inFlight);
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const { body } = await undici.request(url, { dispatcher });
      const found = JSON.parse(await body.text());
      if (found.length !== Number(rows)) throw new Error(`${found.length} rows`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

for await (const line of createInterface({ input: process.stdin })) {
  const [count, inFlight] = line.split(" ").map(Number);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await run(count, inFlight);
  const used = process.cpuUsage(cpu);
  console.log((performance.now() - begun) / 1000, (used.user + used.system) / 1e6);
}
process.exit(0);
