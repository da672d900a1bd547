// How many requests the node has answered, from its Prometheus page. Methods that do not exist are counted as "unknown".
const page = process.env.BRAID_METRICS;

export async function requests(method) {
  const text = await (await fetch(page)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('braid_rpc_requests_total{') && line.includes(`method="${method}"`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
