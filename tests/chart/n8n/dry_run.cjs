// A workflow of n8n's, gone through by n8n's own library: its check of parameters, its expressions and its filters.
// On standard input {workflow, types, variables, nights}: descriptions of n8n-nodes-base, variables of n8n's, and for each
// night the answers to its requests in order ({json} or {error}). Prints {issues, nights: [{requests, path}]}.
const { NodeHelpers, Workflow, executeFilter } = require('n8n-workflow');

const { workflow: given, types, variables, nights } = JSON.parse(require('fs').readFileSync(0, 'utf8'));

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

// A parameter that n8n would leave out, because its description of the node has none of this name where the others are.
function unknown(node, known) {
  const kept = NodeHelpers.getNodeParameters(known.properties, node.parameters, true, false, node, known);
  const dropped = (a, b, at) => {
    if (b === undefined) return [`${at} is no parameter`];
    return a && typeof a === 'object' ? Object.keys(a).flatMap((key) => dropped(a[key], b[key], `${at}.${key}`)) : [];
  };
  return dropped(node.parameters, kept ?? {}, 'parameters');
}

const workflow = new Workflow({
  id: 'w', name: given.name, active: false, nodeTypes, settings: given.settings,
  nodes: structuredClone(given.nodes), connections: given.connections,
});

function night(answers) {
  const runData = {}, requests = [], path = [];
  const evaluated = (node, value, items) => workflow.expression.getParameterValue(
    value, { resultData: { runData } }, 0, 0, node.name, items, 'manual', { $vars: variables }, undefined,
  );
  // The number of the output that a node sends its item to, and the item.
  const output = (node, item) => {
    if (node.type.endsWith('.httpRequest')) {
      const { method, url, jsonBody } = evaluated(node, node.parameters, [item]);
      requests.push({ node: node.name, method, url, body: jsonBody === undefined ? null : JSON.parse(jsonBody) });
      const answer = answers.shift() ?? { json: {} };
      return 'error' in answer ? [1, answer] : [0, answer.json];
    }
    if (node.type.endsWith('.switch')) {
      const rules = evaluated(node, node.parameters.rules.values, [item]);
      const found = rules.findIndex((rule) => executeFilter(rule.conditions));
      return [found < 0 ? rules.length : found, item.json];
    }
    return [0, node.type.endsWith('.scheduleTrigger') ? { timestamp: '2026-11-29T03:17:00.000-05:00' } : item.json];
  };
  let item = { json: {} };
  let next = given.nodes.find((node) => node.type.endsWith('.scheduleTrigger')).name;
  while (next && path.length < 50) {
    const node = workflow.getNode(next);
    path.push(next);
    const [number, json] = output(node, item);
    item = { json };
    const main = Array.from({ length: number + 1 }, (_, one) => (one === number ? [item] : []));
    (runData[next] ??= []).push({ startTime: 0, executionTime: 0, source: [], data: { main } });
    next = given.connections[next]?.main[number]?.[0]?.node;
  }
  return { requests, path };
}

console.log(JSON.stringify({ issues, nights: nights.map(night) }));
