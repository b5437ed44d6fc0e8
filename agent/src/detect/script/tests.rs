mod hostile;

use super::*;

fn read(file: &str, text: &str) -> Script {
    let script = Script::parse(file, text).unwrap_or_else(|problem| panic!("{problem}: {text}"));
    assert_eq!(script.problem(), None, "{text}");
    script
}

/// Checks that a key is exactly this text, or is not there.
#[track_caller]
fn check(text: &str, key: &str, expected: Option<&str>) {
    let value = read("a.config.ts", text).value(key);
    assert_eq!(value, expected.map(|text| ConfigValue::Text(text.to_owned())), "{key} in {text}");
}

/// Checks what a key may be.
#[track_caller]
fn check_may_be(text: &str, key: &str, expected: &[&str]) {
    let expected = expected.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(read("a.config.ts", text).value(key), Some(ConfigValue::Expression(expected)), "{key} in {text}");
}

#[test]
fn one_of_a_list_is_found_by_what_it_says() {
    let source = "export const config = { targets: [{ type: 'dist', dir: 'a' }, ...more, { type: 'www', dir: 'b' }] }";
    check(source, "targets.[type=www].dir", Some("b"));
    check(source, "targets.[type=other].dir", None);
    check(source, "targets.dir", None);
}

#[test]
fn literals_are_found_where_people_write_them() {
    check("module.exports = { output: 'export' }", "output", Some("export"));
    check("export default { \"output\": \"export\", }", "output", Some("export"));
    check("const c: NextConfig = {\n  output: `export`,\n};\nexport default c;", "output", Some("export"));
    check("export default defineConfig({ build: { outDir: '../dist' } })", "build.outDir", Some("../dist"));
    check("export default defineConfig(() => { return { build: { outDir: 'x' } } })", "build.outDir", Some("x"));
    check("const a = x ? 'b' : 'c'\nconst d: Config = { outDir: 'e' }\nexport default d", "outDir", Some("e"));
    check("export default { on: (e) => { if (e.a === 'b') {} }, outDir: 'y' }", "outDir", Some("y"));
    check("module.exports = withMdx({ distDir: 'site', output: 'export' as const })", "output", Some("export"));
}

#[test]
fn comments_strings_and_other_objects_do_not_count() {
    check("export default { // output: 'export'\n /* output: 'export' */ }", "output", None);
    check("export default { text: \"output: 'export'\" }", "output", None);
    check("export default { webpack: (config) => { const x = { output: 'a' }; return x } }", "output", None);
    check("export default { plugins: [vue({ outDir: 'x' })], outDir: 'y' }", "outDir", Some("y"));
    check("export default { plugins: [vue({ outDir: 'x' })] }", "outDir", None);
    check("export default { build: { rollupOptions: { outDir: 'x' } } }", "build.outDir", None);
    check("export default { test: /['\"]{/, outDir: 'y' }", "outDir", Some("y"));
    check("export default { a: 4 / 2, outDir: 'y' }", "outDir", Some("y"));
    check("export default { mode: ci ? 'output' : 'export', outDir: 'y' }", "output", None);
    check("export default { mode: ci ? 'output' : 'export', outDir: 'y' }", "outDir", Some("y"));
    check("const f = (a?: string) => a?.b ?? 'c'\nexport default { outDir: 'y' }", "outDir", Some("y"));
    check("export default { a: b ? { output: 'x' } : 1, outDir: 'y' }", "outDir", Some("y"));
    check("const other = { outDir: 'x' }; export default {}", "outDir", None);
    check("", "output", None);
    assert!(Script::parse("a.js", "{{{").is_err());
}

#[test]
fn expressions_keep_the_literals_they_choose_between() {
    check_may_be("export default { output: ci ? 'export' : undefined, x: 1 }", "output", &["export"]);
    check_may_be("export default { adapter: node({ mode: 'standalone' }) }", "adapter", &["standalone"]);
    check_may_be("export default { outDir: `${base}/x` }", "outDir", &[]);
    check_may_be("export default { outDir: process.env.OUT || 'dist' }", "outDir", &["dist"]);
    check_may_be("export default { outDir: process.env.OUT ?? 'dist' }", "outDir", &["dist"]);
    check_may_be("export default { output: ci && 'export' }", "output", &["export"]);
    check_may_be("export default { output: mode === 'x' ? 'a' : 'b' }", "output", &["a", "b"]);
    check_may_be("export default { ...(ci ? { output: 'export' } : {}) }", "output", &["export"]);
    check_may_be("export default { ...(ci && { output: 'export' }) }", "output", &["export"]);
    check_may_be("const c = {}; if (ci) c.output = 'export'; module.exports = c", "output", &["export"]);
    check_may_be("let out = 'a'; out = 'b'; export default { out }", "out", &["a", "b"]);
    check("export default { output: ci ? 'export' : 'export' }", "output", Some("export"));
}

#[test]
fn every_way_to_export_is_known() {
    check("exports.output = 'a'", "output", Some("a"));
    check("module.exports.build = { outDir: 'a' }", "build.outDir", Some("a"));
    check("module.exports = {}; module.exports.output = 'a'", "output", Some("a"));
    check("exports.default = { output: 'a' }", "output", Some("a"));
    check("module.exports = exports = { output: 'a' }", "output", Some("a"));
    check("const c = { output: 'a' }\nexport = c", "output", Some("a"));
    check("const c = { output: 'a' }\nexport { c as default }", "output", Some("a"));
    check("export const config = { dir: { output: 'a' } }", "dir.output", Some("a"));
    check("export const config = { dir: { output: 'a' } }", "config.dir.output", Some("a"));
    check("export default { dir: {} }; export const config = { dir: { output: 'a' } }", "dir.output", Some("a"));
    check("export default { output: 'a' } satisfies Config", "output", Some("a"));
    check("export default ({ output: 'a' } as Config)!", "output", Some("a"));
    check("export default <Config>{ output: 'a' }", "output", Some("a"));
    check("export default await make({ output: 'a' })", "output", Some("a"));
    check("export default function () { return { output: 'a' } }", "output", Some("a"));
    check("export default async function f() { return { output: 'a' } }", "output", Some("a"));
    check("export default async () => ({ output: 'a' })", "output", Some("a"));
    check("export default f; function f() { if (x) return {}; return { output: 'a' } }", "output", Some("a"));
    check("module.exports = async (phase) => { const c = { output: 'a' }; return c }", "output", Some("a"));
    check("export default (() => ({ output: 'a' }))()", "output", Some("a"));
    check("export default class {}", "output", None);
}

#[test]
fn wrappers_merges_and_spreads_are_seen_through() {
    check(
        "module.exports = withMDX({ extension: /x/ })(nextConfig); var nextConfig = { output: 'a' }",
        "output",
        Some("a"),
    );
    check("const c = { output: 'a' }; export default withA(withB(c), { output: 'b' })", "output", Some("a"));
    check("export default mergeConfig({ outDir: 'a', b: 'c' }, { outDir: 'b' })", "outDir", Some("b"));
    check("export default mergeConfig({ build: { outDir: 'a' } }, { build: {} })", "build.outDir", Some("a"));
    check("module.exports = Object.assign({}, { outDir: 'a' }, { outDir: 'b' })", "outDir", Some("b"));
    check("const base = { outDir: 'a' }; export default { ...base }", "outDir", Some("a"));
    check("const base = { outDir: 'a' }; export default { ...base, outDir: 'b' }", "outDir", Some("b"));
    check("const base = { outDir: 'a' }; export default { outDir: 'b', ...base }", "outDir", Some("a"));
    check("const base = { build: { outDir: 'a' } }; export default { build: base.build }", "build.outDir", Some("a"));
    check("export default { kit: { adapter: adapter({ pages: 'a' }) } }", "kit.adapter.pages", Some("a"));
    check(
        "const adapter = staticAdapter({ pages: 'a' }); export default { kit: { adapter } }",
        "kit.adapter.pages",
        Some("a"),
    );
    check("export default { outDir: 'a', outDir: 'b' }", "outDir", Some("b"));
    check("export default { ['outDir']: 'a', [other]: 'b' }", "outDir", Some("a"));
    check("export default { get outDir() { return 'a' } }", "outDir", Some("a"));
    check("const c = { output: 'a' }; c.output = 'b'; export default c", "output", Some("b"));
    check("const c = { output: 'a' }; c.x.output = 'b'; export default c", "output", Some("a"));
    check("let c; c = { build: {} }; c.build.outDir = 'b'; export default c", "build.outDir", Some("b"));
    check("module.exports = (c) => { c.output = 'a'; return c }", "output", Some("a"));
}

#[test]
fn names_texts_and_paths_are_resolved() {
    check("const OUT = 'a'; export default { outDir: OUT }", "outDir", Some("a"));
    check("const outDir = 'a'; export default () => { return { outDir } }", "outDir", Some("a"));
    check("const outDir = 'a'; export default () => { const outDir = 'b'; return { outDir } }", "outDir", Some("b"));
    check_may_be("const outDir = 'a'; export default (outDir) => ({ outDir })", "outDir", &[]);
    check("const { out } = { out: 'a' }; export default { outDir: out }", "outDir", Some("a"));
    check("const base = 'a'; export default { outDir: `${base}/x` }", "outDir", Some("a/x"));
    check("const base = 'a'; export default { outDir: base + '/' + 'x' }", "outDir", Some("a/x"));
    check("const dirs = { out: 'a' } as const; export default { outDir: dirs.out }", "outDir", Some("a"));
    check("export default { outDir: path.resolve(__dirname, 'dist') }", "outDir", Some("dist"));
    check("export default { outDir: path.join(__dirname, '..', 'dist') }", "outDir", Some("../dist"));
    check(
        "import { resolve } from 'node:path'\nexport default { outDir: resolve(import.meta.dirname, './a/dist/') }",
        "outDir",
        Some("a/dist"),
    );
    check("export default { outDir: fileURLToPath(new URL('./dist', import.meta.url)) }", "outDir", Some("dist"));
    check("export default { outDir: new URL('../dist', import.meta.url).pathname }", "outDir", Some("../dist"));
    check("const p = require('path'); module.exports = { outDir: p.resolve('dist') }", "outDir", Some("dist"));
    check(
        "const here = dirname(fileURLToPath(import.meta.url)); export default { outDir: join(here, 'a') }",
        "outDir",
        Some("a"),
    );
    check(
        "const __dirname = path.dirname(fileURLToPath(import.meta.url)); export default { outDir: path.resolve(__dirname, 'a') }",
        "outDir",
        Some("a"),
    );
    check("export default { outDir: path.resolve(process.cwd(), 'a') }", "outDir", Some("a"));
    check("export default { outDir: `${__dirname}/dist` }", "outDir", Some("dist"));
    check("export default { outDir: __dirname + '/dist' }", "outDir", Some("dist"));
    check("export default { outDir: path.resolve(__dirname, '/srv/www') }", "outDir", Some("/srv/www"));
    check_may_be("export default { outDir: path.resolve(root, 'dist') }", "outDir", &["dist"]);
    check_may_be("export default { outDir: ['a', 'b'].join('/') }", "outDir", &["/"]);
    check_may_be("import { join } from 'lodash'\nexport default { outDir: join('a', 'b') }", "outDir", &["a", "b"]);
}

#[test]
fn truths_and_numbers_are_no_texts() {
    let script =
        read("a.js", "export default { ssr: false, port: 80, depth: -1, is: !0, on: FLAG }; const FLAG = true");
    assert_eq!(script.value("ssr"), Some(ConfigValue::Bool(false)));
    assert_eq!(script.value("port"), Some(ConfigValue::Number(80.0)));
    assert_eq!(script.value("depth"), Some(ConfigValue::Number(-1.0)));
    assert_eq!(script.value("is"), Some(ConfigValue::Bool(true)));
    assert_eq!(script.value("on"), Some(ConfigValue::Bool(true)));
}

#[track_caller]
fn check_module(text: &str, key: &str, expected: Option<&str>) {
    assert_eq!(read("a.ts", text).module_of(key), expected, "{key} in {text}");
}

#[test]
fn values_know_the_module_they_come_from() {
    check_module(
        "import node from '@astrojs/node'\nexport default { adapter: node() }",
        "adapter",
        Some("@astrojs/node"),
    );
    check_module("import { node as n } from 'a'\nexport default { adapter: n }", "adapter", Some("a"));
    check_module("const node = require('a'); module.exports = { adapter: node({}) }", "adapter", Some("a"));
    check_module("const { node } = require('a'); module.exports = { adapter: node({}) }", "adapter", Some("a"));
    check_module("module.exports = { adapter: require('a').default() }", "adapter", Some("a"));
    check_module("import * as n from 'a'\nexport default { adapter: n.node() }", "adapter", Some("a"));
    check_module("import n = require('a')\nexport default { adapter: n() }", "adapter", Some("a"));
    check_module(
        "import n from 'a'\nconst adapter = n()\nexport default { kit: { adapter } }",
        "kit.adapter",
        Some("a"),
    );
    check_module("import n from 'a'\nexport default { adapter: ci ? n() : undefined }", "adapter", Some("a"));
    check_module("export default async () => ({ adapter: (await import('a')).default() })", "adapter", Some("a"));
    check_module("import n from 'a'\nexport default { adapter: other() }", "adapter", None);
    check_module("import n from 'a'\nexport default { adapter: 'a' }", "adapter", None);
}

#[test]
fn imports_are_found_in_all_their_forms() {
    for text in [
        "import 'pkg/sub'",
        "import a from 'pkg/sub'",
        "import type { A } from 'pkg/sub'",
        "export * from 'pkg/sub'",
        "export { a } from 'pkg/sub'",
        "const a = require('pkg/sub')",
        "function f() { return [() => import('pkg/sub')] }",
        "import a = require('pkg/sub')",
    ] {
        let script = read("a.ts", text);
        assert!(script.imports("pkg/sub") && script.imports("pkg/") && !script.imports("pkg"), "{text}");
    }
    assert!(!read("a.ts", "// import 'a'\nconst b = \"require('a')\"").imports("a"));
}

#[test]
fn calls_are_found_by_their_last_name() {
    let text = "module.exports = function (config) { config.setOutputDirectory('x'); a?.b(c); return {} }";
    let script = read(".eleventy.js", text);
    assert_eq!(script.argument_of("setOutputDirectory"), Some(ConfigValue::Text("x".to_owned())));
    assert_eq!(script.argument_of("other"), None);
    let script = read("webpack.config.js", "Encore.setOutputPath('a').setPublicPath('/b')");
    assert_eq!(script.argument_of("setOutputPath"), Some(ConfigValue::Text("a".to_owned())));
}

#[test]
fn the_name_decides_the_language() {
    let markup = "export default { a: <b c='{'>it's</b>, outDir: 'y' }";
    for file in ["a.js", "a.jsx", "a.mjs", "a.cjs", "a.tsx"] {
        assert_eq!(read(file, markup).value("outDir"), Some(ConfigValue::Text("y".to_owned())), "{file}");
    }
    assert!(Script::parse("a.ts", markup).is_err());
    let types = "const a = <T>(b: T): b is T => true; export default { outDir: 'y' as const }";
    for file in ["a.ts", "a.mts", "a.cts", "a", "a.js"] {
        assert_eq!(read(file, types).value("outDir"), Some(ConfigValue::Text("y".to_owned())), "{file}");
    }
    let mixed = "import a from 'b'; module.exports = { outDir: 'y' }; await a; return";
    assert_eq!(read("a.js", mixed).value("outDir"), Some(ConfigValue::Text("y".to_owned())));
}

#[test]
fn problems_say_where_they_are() {
    let problem = Script::parse("a.js", "export default {\n  a: 1,\n  b: }").unwrap_err();
    assert_eq!(problem, "Unexpected token at line 3, column 6");
    let script = Script::parse("a.js", "const a; export default { outDir: 'y' }").unwrap();
    assert!(script.problem().is_some_and(|problem| problem.contains("line 1")), "{:?}", script.problem());
    assert_eq!(script.value("outDir"), Some(ConfigValue::Text("y".to_owned())));
    assert_eq!(Script::parse("a.js", &" ".repeat(FILE_BYTES + 1)).unwrap_err(), "is larger than 64 KiB");
    assert!(Script::parse("a.js", &" ".repeat(FILE_BYTES)).is_ok());
}

#[test]
fn a_real_file_is_understood() {
    let text = include_str!("tests/vite.config.ts.txt");
    let script = read("vite.config.ts", text);
    assert_eq!(script.value("build.outDir"), Some(ConfigValue::Text("../dist/web".to_owned())));
    assert_eq!(script.value("root"), Some(ConfigValue::Text(".".to_owned())));
    assert!(script.imports("vite"));
}
