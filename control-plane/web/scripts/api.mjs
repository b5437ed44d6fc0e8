// Makes src/api/schema.d.ts from the OpenAPI document of a running server: `SLIPWAY_URL=http://… npm run api`.
import { writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const server = process.env.SLIPWAY_URL ?? 'http://127.0.0.1:7070';
const tree = await openapiTS(new URL('/api/openapi.json', server), { alphabetize: true });
const header = '// Made by `npm run api` from the OpenAPI document of the server. Do not edit.\n\n';
await writeFile(new URL('../src/api/schema.d.ts', import.meta.url), header + astToString(tree));
