// Renders the endpoints from /openapi.json, each with an example to change and send.

/** An element with attributes and children; texts stay texts. */
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

const pretty = (value) => JSON.stringify(value, null, 2);

/** The fields of an answer, with what the document says of each, under a heading. */
function fields(api, schema) {
  const resolve = (part) => (part.$ref ? api.components.schemas[part.$ref.split('/').pop()] : part);
  const { allOf = [], properties: own, title = 'Answer' } = resolve(schema);
  const properties = Object.assign({}, ...allOf.map((part) => resolve(part).properties), own);
  const rows = Object.entries(properties).map(([name, property]) => {
    const known = resolve(property);
    const told = property.description ?? known.description ?? (known.enum ? known.enum.join(', ') : '');
    return element('tr', {}, element('td', {}, element('code', {}, name)), element('td', {}, told));
  });
  return [element('h3', {}, title), element('table', {}, element('tbody', {}, ...rows))];
}

/** A form that sends a request and shows what comes back. */
function tryIt(path, method, operation) {
  const examples = Object.values(operation.requestBody?.content['application/json'].examples ?? {});
  const result = element('span', { class: 'result', role: 'status' });
  const answer = element('pre', { hidden: '' });
  const id = `body-${operation.operationId}`;
  const body = examples.length
    ? element('textarea', { id, spellcheck: 'false', autocomplete: 'off' }, pretty(examples[0].value))
    : undefined;

  async function send() {
    button.disabled = true;
    result.className = 'result';
    result.textContent = '…';
    const begun = performance.now();
    try {
      const init = body
        ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: body.value }
        : { method: method.toUpperCase() };
      const response = await fetch(path, init);
      const text = await response.text();
      const spent = Math.round(performance.now() - begun);
      const timing = response.headers.get('server-timing');
      result.className = response.ok ? 'result' : 'result bad';
      result.textContent = `${response.status} in ${spent} ms${timing ? ` (${timing})` : ''}`;
      answer.textContent = /json/.test(response.headers.get('content-type')) ? pretty(JSON.parse(text)) : text;
    } catch (error) {
      result.className = 'result bad';
      result.textContent = 'No answer';
      answer.textContent = String(error);
    }
    answer.hidden = false;
    button.disabled = false;
  }

  const button = element('button', { class: 'primary', type: 'button', onclick: send }, 'Send');
  const choice =
    examples.length > 1
      ? element(
          'select',
          {
            'aria-label': 'Example',
            onchange: (event) => {
              body.value = pretty(examples[event.target.selectedIndex].value);
            },
          },
          ...examples.map(({ summary }) => element('option', {}, summary)),
        )
      : undefined;
  return element(
    'div',
    {},
    body && element('label', { for: id }, 'Try it'),
    body,
    element('div', { class: 'actions' }, button, choice, result),
    answer,
  );
}

/** One endpoint. */
function endpoint(api, path, method, operation) {
  const [mediaType, content] = Object.entries(operation.responses['200'].content)[0];
  const isJson = mediaType === 'application/json';
  const answers = isJson ? (content.schema.oneOf ?? [content.schema]) : [];
  return element(
    'section',
    { id: operation.operationId },
    element('h2', {}, operation.summary),
    element('p', { class: 'path' }, element('span', { class: 'method' }, method.toUpperCase()), path),
    operation.description && element('p', {}, operation.description),
    ...answers.flatMap((schema) => fields(api, schema)),
    isJson ? tryIt(path, method, operation) : undefined,
  );
}

async function render() {
  const api = await (await fetch('/openapi.json')).json();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (path === '/docs' || path === '/openapi.json') continue;
      document.getElementById('endpoints').append(endpoint(api, path, method, operation));
      document
        .getElementById('contents')
        .append(element('li', {}, element('a', { href: `#${operation.operationId}` }, operation.summary)));
    }
  }
  // The sections above the target have just been added: go there again.
  if (location.hash) document.querySelector(location.hash)?.scrollIntoView();
}

async function tellState() {
  const state = document.getElementById('state');
  try {
    const health = await (await fetch('/health')).json();
    const text = {
      ok: () => `Ready, model ${health.model.name} (registry version ${health.registry.version})`,
      degraded: () => `Answering from the last good model, ${health.model.name}`,
      unavailable: () => 'No model is loaded',
    };
    state.className = `state ${health.status}`;
    state.textContent = text[health.status]();
  } catch {
    state.textContent = 'The edge does not answer';
  }
}

render();
tellState();
