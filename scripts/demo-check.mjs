// Sends a sample conversation to every endpoint of a running edge, prints what comes back, and looks whether the
// playground and its models are served. Ends with status 1 when anything is not as it should be.
//   node scripts/demo-check.mjs API PLAYGROUND
import { readFileSync } from 'node:fs';

const [api, playground] = process.argv.slice(2);
if (!api || !playground) {
  console.error('usage: node scripts/demo-check.mjs API PLAYGROUND');
  process.exit(2);
}
const [sample] = JSON.parse(readFileSync(new URL('../tests/conversations/samples.json', import.meta.url), 'utf8'));

let wrong = 0;
async function look(method, url, { body, expect, show }) {
  const started = performance.now();
  const response = await fetch(url, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  const problem = response.ok ? expect(text) : `status ${response.status}: ${text}`;
  console.log(`\n${method} ${url} (${Math.round(performance.now() - started)} ms)`);
  if (show) console.log(JSON.stringify(JSON.parse(text), null, 2));
  if (problem) {
    wrong += 1;
    console.error(`  NOT as expected: ${problem}`);
  }
}

const fields =
  (...names) =>
  (text) => {
    const answer = JSON.parse(text);
    const missing = names.filter((name) => answer[name] === undefined);
    return missing.length > 0 && `the answer lacks ${missing.join(', ')}`;
  };
const contains = (part) => (text) => !text.includes(part) && `the answer does not contain ${part}`;

console.log(`Conversation: ${sample.title}, ${sample.history.length} turns`);
for (const [path, ...names] of [
  ['/predict-prospect-response', 'top_prediction', 'response_type_probabilities'],
  ['/predict-next-conversation-stage', 'top_prediction', 'conversation_stage_probabilities'],
  [
    '/suggest-sales-response',
    'suggested_sales_response',
    'top_response_type',
    'top_conversation_stage',
    'response_type_probabilities',
    'conversation_stage_probabilities',
  ],
  ['/predict-conversation-direction', 'current_state', 'predicted_next_cluster', 'transition_probabilities'],
  ['/predict', 'conversion_probability', 'interval', 'insights', 'by_turn'],
]) {
  await look('POST', api + path, { body: { history: sample.history }, expect: fields(...names), show: true });
}
// Pages long, so not shown.
await look('POST', `${api}/signals`, { body: { history: sample.history }, expect: fields('summary', 'turns') });
await look('GET', `${api}/health`, { expect: fields('status'), show: true });
await look('GET', `${api}/docs`, { expect: contains('<html') });
await look('GET', `${api}/openapi.json`, { expect: fields('openapi', 'paths') });
await look('GET', playground, { expect: contains('<html') });
await look('GET', new URL('registry/registry.json', playground).href, { expect: fields('signed', 'signatures') });

console.log(wrong === 0 ? '\nEvery endpoint answered.' : `\n${wrong} not as expected.`);
process.exit(wrong === 0 ? 0 : 1);
