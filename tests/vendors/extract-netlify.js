// Cuts the operations that Slipway and Netlify's CLI use out of Netlify's Swagger document:
//
//     npm pack @netlify/open-api@2.60.0 && tar xzf netlify-open-api-*.tgz
//     node extract-netlify.js package/dist/swagger.json > netlify.json
//
// Swagger 2.0 has no `null`, which Netlify answers for whatever is absent, and the document repeats each definition
// wherever it is used. Prose is left out.
'use strict';

const fs = require('node:fs');

const OPERATIONS = [
  'GET /user',
  'GET /accounts',
  'GET /accounts/{account_id}/env',
  'POST /accounts/{account_id}/env',
  'PATCH /accounts/{account_id}/env/{key}',
  'GET /sites',
  'POST /sites',
  'GET /sites/{site_id}',
  'PATCH /sites/{site_id}',
  'POST /sites/{site_id}/ssl',
  'GET /sites/{site_id}/ssl',
  'POST /{account_slug}/sites',
  'GET /sites/{site_id}/deploys',
  'POST /sites/{site_id}/deploys',
  'GET /sites/{site_id}/deploys/{deploy_id}',
  'PUT /sites/{site_id}/deploys/{deploy_id}',
  'POST /sites/{site_id}/deploys/{deploy_id}/restore',
  'POST /deploys/{deploy_id}/cancel',
  'DELETE /deploys/{deploy_id}',
  'PUT /deploys/{deploy_id}/files/{path}',
  'PUT /deploys/{deploy_id}/functions/{name}',
  'GET /hooks',
  'POST /hooks',
  'DELETE /hooks/{hook_id}',
];

const document = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const names = new Map(Object.entries(document.definitions).map(([name, definition]) => [JSON.stringify(definition), name]));
const schemas = {};

function schemaOf(value) {
  const name = names.get(JSON.stringify(value));
  if (name === undefined) return plainSchemaOf(value);
  if (!(name in schemas)) {
    schemas[name] = true; // before going on: definitions hold each other
    schemas[name] = plainSchemaOf(value);
  }
  return { $ref: `#/schemas/${name}` };
}

function plainSchemaOf(value) {
  const schema = {};
  for (const key of ['type', 'enum', 'required']) {
    if (key in value) schema[key] = value[key];
  }
  if (value.properties) {
    const required = value.required ?? [];
    const property = ([name, part]) => [name, required.includes(name) ? schemaOf(part) : { anyOf: [schemaOf(part), { type: 'null' }] }];
    schema.properties = Object.fromEntries(Object.entries(value.properties).map(property));
  }
  if (value.items) schema.items = schemaOf(value.items);
  if (typeof value.additionalProperties === 'object') schema.additionalProperties = schemaOf(value.additionalProperties);
  if (value.allOf) schema.allOf = value.allOf.map(schemaOf);
  return schema;
}

function bodyOf(parameter) {
  if (!parameter) return null;
  // Bytes of a file are no JSON.
  if (parameter.name === 'file_body') return true;
  const schema = schemaOf(parameter.schema);
  return parameter.required ? schema : { anyOf: [schema, { type: 'null' }] };
}

function operationOf(name) {
  const [method, path] = name.split(' ');
  const item = document.paths[path];
  const operation = item[method.toLowerCase()];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
  const query = parameters.filter((one) => one.in === 'query').map((one) => [one.name, plainSchemaOf(one)]);
  for (const [, schema] of query) delete schema.required;
  const answers = Object.entries(operation.responses).map(([status, answer]) => [status, { schema: answer.schema ? schemaOf(answer.schema) : null }]);
  const body = bodyOf(parameters.find((one) => one.in === 'body'));
  return { query: Object.fromEntries(query), body, answers: Object.fromEntries(answers) };
}

const at = (name) => name.replace(' /', ` ${document.basePath}/`);
const operations = Object.fromEntries(OPERATIONS.map((name) => [at(name), operationOf(name)]));
const notice =
  'Cut out of @netlify/open-api 2.60.0 (https://github.com/netlify/open-api) by extract-netlify.js. Copyright (c) 2016 Netlify; MIT License, see LICENSE-netlify.';
process.stdout.write(`${JSON.stringify({ notice, operations, schemas })}\n`);
