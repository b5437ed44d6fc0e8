// Cuts the operations that Slipway uses out of GitHub's OpenAPI document:
//
//     npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-*.tgz
//     node extract-github.js package/generated/api.github.com.json > github.json
//
// OpenAPI 3.0 says `nullable` where JSON Schema says `null`; prose is left out.
'use strict';

const fs = require('node:fs');

const OPERATIONS = [
  'GET /user',
  'GET /user/repos',
  'POST /user/repos',
  'POST /orgs/{org}/repos',
  'GET /repos/{owner}/{repo}',
  'GET /repos/{owner}/{repo}/environments',
  'GET /repos/{owner}/{repo}/deployments',
  'POST /repos/{owner}/{repo}/deployments',
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
  'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
  'POST /repos/{owner}/{repo}/statuses/{sha}',
  'GET /repos/{owner}/{repo}/compare/{basehead}',
  'DELETE /applications/{client_id}/token',
];

const document = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

function at(ref) {
  return ref.slice(2).split('/').reduce((value, key) => value[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

function resolve(value) {
  return value && value.$ref ? at(value.$ref) : value;
}

const schemas = {};

function schemaOf(value) {
  if (value === undefined || value === null || typeof value !== 'object') return value;
  if (value.$ref) {
    const name = value.$ref.split('/').pop();
    if (!(name in schemas)) {
      schemas[name] = true; // before going on: schemas refer to each other
      schemas[name] = schemaOf(at(value.$ref));
    }
    return { $ref: `#/schemas/${name}` };
  }
  const schema = {};
  for (const key of ['type', 'enum', 'required', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems']) {
    if (key in value) schema[key] = value[key];
  }
  if (value.properties) {
    schema.properties = Object.fromEntries(Object.entries(value.properties).map(([name, part]) => [name, schemaOf(part)]));
  }
  if (value.items) schema.items = schemaOf(value.items);
  if (typeof value.additionalProperties === 'object') schema.additionalProperties = schemaOf(value.additionalProperties);
  if (value.additionalProperties === false) schema.additionalProperties = false;
  for (const key of ['allOf', 'anyOf', 'oneOf']) {
    if (value[key]) schema[key] = value[key].map(schemaOf);
  }
  return value.nullable ? { anyOf: [schema, { type: 'null' }] } : schema;
}

function contentOf(answer) {
  return resolve(answer)?.content?.['application/json'];
}

// GitHub's examples of repositories lack members that its schema requires.
function completed(value) {
  if (Array.isArray(value)) return value.map(completed);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, completed(part)]));
  return 'full_name' in members && 'forks_count' in members ? { language: null, has_discussions: false, ...members } : members;
}

function exampleOf(content) {
  const named = Object.values(content?.examples ?? {})[0];
  return completed(resolve(named)?.value ?? content?.example);
}

function operationOf(name) {
  const [method, path] = name.split(' ');
  const item = document.paths[path];
  const operation = item[method.toLowerCase()];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
  const query = Object.fromEntries(parameters.filter((one) => one.in === 'query').map((one) => [one.name, schemaOf(one.schema)]));
  const body = contentOf(operation.requestBody);
  const answers = Object.entries(operation.responses).map(([status, answer]) => {
    const content = contentOf(answer);
    const example = Number(status) < 300 ? exampleOf(content) : undefined;
    return [status, { schema: content ? schemaOf(content.schema) : null, example }];
  });
  return { query, body: body ? schemaOf(body.schema) : null, answers: Object.fromEntries(answers) };
}

const operations = Object.fromEntries(OPERATIONS.map((name) => [name, operationOf(name)]));
const notice =
  'Cut out of @octokit/openapi 23.0.2 (https://github.com/octokit/openapi) by extract-github.js. Copyright (c) 2020 Octokit contributors; MIT License, see LICENSE-octokit.';
process.stdout.write(`${JSON.stringify({ notice, operations, schemas })}\n`);
