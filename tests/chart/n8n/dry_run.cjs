// A workflow of n8n's, gone through by n8n's own library: its check of parameters, its expressions and its filters.
// node dry_run.cjs: {workflow, types, variables, answers} on standard input, where answers are those of each request, in
// order ({json} or {error}), and types are the descriptions of n8n-nodes-base. Prints {issues, requests, path}.
const { NodeHelpers, Workflow, executeFilter } = require('n8n-workflow');

const { workflow: given, types, variables, answers } = JSON.parse(require('fs').readFileSync(0, 'utf8'));

const description = (type, version) =>
  types.find((one) => `n8n-nodes-base.${one.name}` === type && [one.version].flat().includes(version));
const nodeTypes = {
  getByName: (type) => undefined,
  getByNameAndVersion: (type, version) => ({ description: description(type, version) }),
  getKnownTypes: () => ({}),
};

const issues = given.nodes.flatMap((node) => {
  const known = description(node.type, node.typeVersion);
  if (!known) return [`${node.name}: no such node`];
  const found = NodeHelpers.getNodeParametersIssues(known.properties, node, known);
  return [...Object.values(found?.parameters ?? {}).flat(), ...unknown(node, known)].map((one) => `${node.name}: ${one}`);
});

// What n8n would leave out, because its description of the node has no such parameter where the others stand so.
function unknown(node, known) {
  const kept = NodeHelpers.getNodeParameters(known.properties, node.parameters, false, false, node, known);
  const dropped = (a, b, at) =>
    a && typeof a === 'object' && b && typeof b === 'object'
      ? Object.keys(a).flatMap((key) => dropped(a[key], b[key], `${at}.${key}`))
      : b === undefined && a !== undefined ? [`${at} is dropped`] : [];
  const all = NodeHelpers.getNodeParameters(known.properties, node.parameters, true, false, node, known);
  return kept && all ? dropped(node.parameters, all, '') : ['parameters: refused'];
}

const workflow = new Workflow({
  id: 'w', name: given.name, active: false, nodeTypes, settings: given.settings,
  nodes: structuredClone(given.nodes), connections: given.connections,
});
const runData = {};
const requests = [], path = [];

function evaluated(node, value, items) {
  return workflow.expression.getParameterValue(
    value, { resultData: { runData } }, 0, 0, node.name, items, 'manual', { $vars: variables }, undefined,
  );
}

function output(node, items) {
  if (node.type.endsWith('.httpRequest')) {
    const told = evaluated(node, node.parameters, items);
    requests.push({ node: node.name, method: told.method, url: told.url, body: told.jsonBody && JSON.parse(told.jsonBody) });
    const answer = answers.shift() ?? { json: {} };
    return 'error' in answer ? [1, { error: answer.error }] : [0, answer.json];
  }
  if (node.type.endsWith('.switch')) {
    const rules = evaluated(node, node.parameters.rules.values, items);
    const found = rules.findIndex((rule) => executeFilter(rule.conditions));
    return [found < 0 ? rules.length : found, items[0].json];
  }
  const begun = node.type.endsWith('.scheduleTrigger');
  return [0, begun ? { timestamp: '2026-11-29T03:17:00.000-05:00' } : items[0].json];
}

async function go() {
  let next = given.nodes.find((node) => node.type.endsWith('.scheduleTrigger')).name;
  let items = [{ json: {} }];
  await workflow.expression.acquireIsolate?.();
  for (let steps = 0; next && steps < 50; steps++) {
    const node = workflow.getNode(next);
    path.push(next);
    const [index, json] = output(node, items);
    const before = runData[next]?.[0] ? undefined : next;
    if (before) {
      const main = Array.from({ length: index + 1 }, (_, one) => (one === index ? [{ json }] : []));
      runData[next] = [{ startTime: 0, executionTime: 0, source: [], data: { main } }];
    }
    items = [{ json }];
    next = given.connections[next]?.main[index]?.[0]?.node;
  }
}

go().then(() => console.log(JSON.stringify({ issues, requests, path })));
