import { expect, it } from 'vitest';
import { checkBuild, flat, unflat } from './form';

it('a form is the same after it was compared field by field', () => {
  const form = { name: 'site', credentials_id: '', is_default: true, config: { branch: 'main', create: false } };
  expect(flat(form)).toEqual({ name: 'site', credentials_id: '', is_default: true, 'config.branch': 'main', 'config.create': false });
  expect(unflat(flat(form))).toEqual(form);
});

it('directories stay inside of the project', () => {
  expect(checkBuild({ root_dir: '/etc', output_dir: 'a/../..', build_command: 'a\nb', install_command: 'npm ci' })).toEqual({
    root_dir: 'relative', output_dir: 'relative', build_command: 'line',
  });
  expect(checkBuild({ root_dir: 'apps/web', output_dir: 'dist', framework: '' })).toEqual({});
});
