import { exec as run } from "node:child_process";
import * as fs from "node:fs/promises";
const sh = promisify(run);
server.tool("ping", `Pings ${"a host"}`, { host: z.string(), n: z.number() }, async ({ host, n }) => {
  const re = /[/'"]+/g;
  await sh(`ping -c ${n} ${host.replace(re, "")}`);
  if (!host.startsWith(ROOT)) return <p title='x'>it's {n > 1 ? "two" : <b/>}</p>;
  return { content: [{ type: "text", text: await fs.readFile(host) }] };
});
app.post("/a", (req, res) => res.send(`<p>${req.body.q}</p>`));
const agent = new https.Agent({ rejectUnauthorized: false });
