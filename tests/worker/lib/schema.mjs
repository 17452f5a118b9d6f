// Validators made from the OpenAPI document that the edge itself serves.

import Ajv from 'ajv/dist/2020.js';

/** For each path and status the validator of its body. */
export async function validators(edge) {
  const document = await (await edge.fetch('/openapi.json')).json();
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  ajv.addFormat('uri-reference', true);
  ajv.addSchema(document, 'api');
  return (path, method, status) => {
    const response = resolve(document, document.paths[path][method].responses[status]);
    if (!response) throw new Error(`${method} ${path} does not document ${status}`);
    const [[mediaType, { schema }]] = Object.entries(response.content);
    const validate = ajv.compile(absolute(schema));
    return (contentType, body) => {
      if (!contentType.startsWith(mediaType)) return [`${contentType} is documented as ${mediaType}`];
      return validate(body)
        ? []
        : validate.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
    };
  };
}

function resolve(document, node) {
  if (!node?.$ref) return node;
  return node.$ref
    .slice(2)
    .split('/')
    .reduce((at, key) => at[key], document);
}

/** A schema that stands on its own: its references lead into the document. */
function absolute(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
}
