//! Files written to bring the agent down: each must end, soon, in an answer or a refusal.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::*;

/// Generous for a build without optimisation on a busy machine; what grows with the square takes minutes.
const SOON: Duration = Duration::from_secs(20);

/// A beginning, and what is repeated until the file is full.
const SHAPES: &[(&str, &str)] = &[
    // Expressions
    ("", "("),
    ("", "["),
    ("", "{a:"),
    ("x=", "{a:"),
    ("", "!"),
    ("", "- "),
    ("", "new "),
    ("", "typeof "),
    ("", "await "),
    ("", "a=>"),
    ("", "a=>{"),
    ("", "async a=>"),
    ("", "(a)=>"),
    ("", "(a="),
    ("", "({a="),
    ("", "x?x:"),
    ("", "x?"),
    ("", "a**"),
    ("", "a="),
    ("", "a+"),
    ("", "a&&"),
    ("", "a??"),
    ("", "a."),
    ("", "a?."),
    ("", "a["),
    ("", "a("),
    ("", "()"),
    ("a", "()"),
    ("a", "``"),
    ("a", "!"),
    ("a", " as a"),
    ("", "`${"),
    ("", "function(){"),
    ("", "class{a="),
    ("", "class extends "),
    ("", "@a "),
    ("", "import("),
    ("'a'", "+'a'"),
    // Statements
    ("", "{"),
    ("", "if(1)"),
    ("", "if(1);else "),
    ("", "for(;;)"),
    ("", "while(1)"),
    ("", "do "),
    ("", "try{"),
    ("", "a:"),
    ("", "with(a)"),
    ("", "switch(a){case "),
    ("let ", "["),
    ("let", "{a:"),
    ("", "namespace a{"),
    ("", "export "),
    // Markup
    ("", "<a>"),
    ("", "<>"),
    ("", "<a b=<a "),
    ("", "<a b={"),
    // Types
    ("let x:", "["),
    ("let x:", "("),
    ("let x:", "{a:"),
    ("let x:", "A<"),
    ("let x:", "()=>"),
    ("let x:", "(a:"),
    ("let x:", "keyof "),
    ("let x:", "`${"),
    ("let x:A", "[]"),
    ("type x=", "A extends B?C:"),
    ("type x=", "A extends B?"),
    ("type x=", "A extends infer B extends "),
    ("type x=", "A|"),
    ("", "a<"),
    ("", "<A>"),
    ("", "f<f<"),
    // Flat
    ("", "a,"),
    ("", "a;"),
    ("", "await a;"),
    ("", "'\\n';"),
    ("", "/*a*/"),
    ("", "\n"),
    ("", "x=/a/;"),
    ("", "import 'a';"),
    ("", "let a;"),
    ("", "0x"),
    ("", "\\u{"),
    ("", "\u{2028}"),
];

/// Asks everything there is to ask.
fn ask(script: &Script) {
    for key in ["a", "a.a", "a.a.a.a.a.a.a.a", "build.outDir", "output", ""] {
        script.value(key);
        script.module_of(key);
    }
    script.argument_of("a");
    script.imports("a/");
}

#[track_caller]
fn ends_soon(file: &str, text: &str) {
    let started = Instant::now();
    if let Ok(script) = Script::parse(file, text) {
        ask(&script);
    }
    let shown = excerpt(text.get(..40).unwrap_or_default());
    assert!(started.elapsed() < SOON, "{shown} as {file} takes {:?}", started.elapsed());
}

#[test]
fn full_files_of_every_shape_end() {
    for (start, unit) in SHAPES {
        let text = format!("{start}{}", unit.repeat((FILE_BYTES - start.len()) / unit.len()));
        ends_soon("a.ts", &text);
        ends_soon("a.js", &text);
    }
}

#[test]
fn attempts_within_bounds_end() {
    for start in ["(a=", "({a=", "a<", "f<(", "a?(b):c=>"] {
        for unit in ["[", "0,", "!"] {
            let start = start.repeat(15);
            let text = format!("{start}[{}", unit.repeat((FILE_BYTES - start.len() - 1) / unit.len()));
            ends_soon("a.ts", &text);
        }
    }
}

#[test]
fn names_that_go_round_in_circles_end() {
    ends_soon("a.js", "const a = b, b = a; export default a");
    ends_soon("a.js", "const a = { ...a, a }; export default a");
    ends_soon("a.js", "const a = () => a(); export default a()");
    ends_soon("a.js", "const { a } = a; export default a.a");
    ends_soon("a.js", "module.exports = module.exports; exports.a = exports");
    ends_soon("a.js", "const a = [a, a, a, a]; export default { a }");
    ends_soon("a.js", "const a = a + a; export default { a, output: a ? a : a }");
}

#[test]
fn answers_that_double_with_every_name_end() {
    for (first, rest) in [("'aa'", "a@ + a@"), ("'b'", "[a@, a@]"), ("{}", "{ ...a@, ...a@ }"), ("x", "y ? a@ : a@")] {
        let mut text = format!("const a0 = {first};\n");
        for index in 1..2000 {
            let value = rest.replace('@', &(index - 1).to_string());
            writeln!(text, "const a{index} = {value};").unwrap();
        }
        text.push_str("export default { ...a40, a: a40, output: a1999, build: a1999 }");
        ends_soon("a.js", &text);
    }
}

#[test]
fn wide_files_end() {
    let many = |unit: &str| unit.repeat(FILE_BYTES / 2 / unit.len());
    ends_soon("a.js", &format!("export default {{{}}}", many("b:1,")));
    ends_soon("a.js", &format!("export default {{{}}}", many("...b,")));
    ends_soon("a.js", &format!("const b={{}};export default {{{}}}", many("...b,")));
    ends_soon("a.js", &format!("let b;{}export default b", many("b.c=1;")));
    ends_soon("a.js", &format!("let b;{}export default b", many("b=b;")));
    ends_soon("a.js", &format!("{}export default a", many("a(b);")));
    ends_soon("a.js", &format!("export default f({})", many("b,")));
    ends_soon("a.js", &format!("export default ()=>{{{}}}", many("return b;")));
    ends_soon("a.js", &format!("let b{};export default {{a:b}}", many(",b=b")));
    ends_soon("a.js", &format!("{}a{}", "{let a;".repeat(100), many("=a")));
}

const FRAGMENTS: [&str; 48] = [
    "export default ",
    "module.exports=",
    "exports.a=",
    "const a=",
    "let b=",
    "a",
    "b",
    "a.",
    "output",
    "'export'",
    "\"",
    "'",
    "`",
    "${",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    ":",
    ",",
    ";",
    "\n",
    "=>",
    "=",
    "?",
    "??",
    "||",
    "...",
    "async ",
    "await ",
    "return ",
    "if(a)",
    "function a(",
    "class a{",
    "import a from 'a';",
    "require('a')",
    "/",
    "//",
    "/*",
    "*/",
    "<",
    ">",
    " as ",
    "\\",
    "é",
    "0",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends(text in "\\PC{0,300}") {
        ends_soon("a.js", &text);
        ends_soon("a.tsx", &text);
    }

    #[test]
    fn any_row_of_fragments_ends(parts in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..60)) {
        let text = parts.concat();
        ends_soon("a.js", &text);
        ends_soon("a.ts", &text);
    }

    #[test]
    fn a_damaged_file_ends(cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(&FRAGMENTS[..])), 1..8)) {
        let mut text: Vec<char> = include_str!("vite.config.ts.txt").chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        ends_soon("vite.config.ts", &text.into_iter().collect::<String>());
    }
}
