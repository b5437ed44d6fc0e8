//! Reads one setting out of a JavaScript or TypeScript config file, without executing it.
//!
//! A scan that knows strings, comments and nesting, good for object literals as people write them.
//! A real JavaScript parser may replace it; it never executes the file.

use std::iter::Peekable;
use std::str::Chars;

const STATEMENT_WORDS: [&str; 8] = ["export", "module", "const", "let", "var", "return", "function", "import"];

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ConfigValue {
    /// A string literal.
    Text(String),
    /// Anything else, with the string literals inside it: `production ? 'export' : undefined`.
    Expression(Vec<String>),
}

/// Finds `key`, dotted for nested objects (`build.outDir`), at the top of the exported object or of any
/// object passed through wrappers such as `defineConfig(…)`.
pub(super) fn find(source: &str, key: &str) -> Option<ConfigValue> {
    let wanted: Vec<&str> = key.split('.').collect();
    let mut tokens = Tokens { chars: source.chars().peekable(), operand_ended: false };
    // One entry per open bracket: the key whose value is being passed there, if any.
    let mut path: Vec<Option<String>> = vec![None];
    // Colons to come that belong to a `?`, with the depth they will come at.
    let mut choices: Vec<usize> = Vec::new();
    let mut previous: Option<Token> = None;
    while let Some(token) = tokens.next() {
        match &token {
            Token::Open(_) => path.push(None),
            Token::Close => {
                if path.len() > 1 {
                    path.pop();
                }
                choices.retain(|depth| *depth <= path.len());
            }
            Token::Separator => {
                choices.retain(|depth| *depth < path.len());
                set_key(&mut path, None);
            }
            // Without semicolons, only the next statement says that the last one is over.
            Token::Word(word) if STATEMENT_WORDS.contains(&word.as_str()) => set_key(&mut path, None),
            Token::Question => choices.push(path.len()),
            Token::Colon if choices.last() == Some(&path.len()) => drop(choices.pop()),
            Token::Colon => {
                if let Some(Token::Word(name) | Token::Text(name)) = &previous {
                    set_key(&mut path, Some(name.clone()));
                    if path.iter().flatten().map(String::as_str).eq(wanted.iter().copied()) {
                        return Some(value(&mut tokens));
                    }
                }
            }
            Token::Word(_) | Token::Text(_) | Token::Other => {}
        }
        previous = Some(token);
    }
    None
}

fn set_key(path: &mut [Option<String>], key: Option<String>) {
    if let Some(current) = path.last_mut() {
        *current = key;
    }
}

/// Reads up to the end of the value.
fn value(tokens: &mut Tokens<'_>) -> ConfigValue {
    let mut literals = Vec::new();
    let mut count = 0;
    let mut depth = 0_usize;
    for token in tokens {
        match token {
            Token::Separator | Token::Close if depth == 0 => break,
            Token::Open(_) => depth += 1,
            Token::Close => depth -= 1,
            Token::Text(text) => literals.push(text),
            // TypeScript's `'export' as const` is still a literal.
            Token::Word(word) if matches!(word.as_str(), "as" | "const" | "satisfies") => continue,
            _ => {}
        }
        count += 1;
    }
    match (count, literals.pop()) {
        (1, Some(text)) => ConfigValue::Text(text),
        (_, last) => {
            literals.extend(last);
            ConfigValue::Expression(literals)
        }
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open(char),
    Close,
    Colon,
    /// Of a choice `a ? b : c`
    Question,
    /// `,`, `;` or an assignment
    Separator,
    Other,
}

struct Tokens<'a> {
    chars: Peekable<Chars<'a>>,
    /// Whether a `/` here would divide rather than open a regular expression.
    operand_ended: bool,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let token = loop {
            let character = self.chars.next()?;
            break match character {
                _ if character.is_whitespace() => continue,
                '/' => match self.chars.peek() {
                    Some('/') => {
                        self.chars.by_ref().find(|&c| c == '\n');
                        continue;
                    }
                    Some('*') => {
                        self.skip_block_comment();
                        continue;
                    }
                    _ if !self.operand_ended => {
                        self.skip_regular_expression();
                        Token::Other
                    }
                    _ => Token::Other,
                },
                '"' | '\'' | '`' => self.string(character),
                '{' | '[' | '(' => Token::Open(character),
                '}' | ']' | ')' => Token::Close,
                ':' => Token::Colon,
                // `a?.b` and `a ?? b` choose nothing.
                '?' if self.chars.next_if(|c| matches!(c, '.' | '?')).is_some() => Token::Other,
                '?' => Token::Question,
                ',' | ';' => Token::Separator,
                '=' | '!' | '<' | '>' => {
                    let mut operator = false;
                    while self.chars.next_if(|c| matches!(c, '=' | '>')).is_some() {
                        operator = true;
                    }
                    if character == '=' && !operator { Token::Separator } else { Token::Other }
                }
                _ if is_word(character) => {
                    let mut word = String::from(character);
                    while let Some(next) = self.chars.next_if(|&c| is_word(c)) {
                        word.push(next);
                    }
                    Token::Word(word)
                }
                _ => Token::Other,
            };
        };
        self.operand_ended = match &token {
            Token::Word(word) => word != "return",
            Token::Text(_) | Token::Close => true,
            _ => false,
        };
        Some(token)
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

impl Tokens<'_> {
    /// A template with `${…}` is no literal.
    fn string(&mut self, quote: char) -> Token {
        let mut text = String::new();
        let mut literal = true;
        while let Some(character) = self.chars.next() {
            match character {
                _ if character == quote => break,
                '\\' => text.extend(self.chars.next()),
                '$' if quote == '`' && self.chars.peek() == Some(&'{') => literal = false,
                _ => text.push(character),
            }
        }
        if literal { Token::Text(text) } else { Token::Other }
    }

    fn skip_block_comment(&mut self) {
        self.chars.next();
        while let Some(character) = self.chars.next() {
            if character == '*' && self.chars.next_if_eq(&'/').is_some() {
                return;
            }
        }
    }

    fn skip_regular_expression(&mut self) {
        let mut in_class = false;
        while let Some(character) = self.chars.next() {
            match character {
                '\\' => drop(self.chars.next()),
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => return,
                '\n' => return,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, key: &str, expected: Option<&str>) {
        assert_eq!(find(source, key), expected.map(|text| ConfigValue::Text(text.to_owned())), "{key} in {source}");
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
        check("export default { build: { rollupOptions: { outDir: 'x' } } }", "build.outDir", None);
        check("export default { test: /['\"]{/, outDir: 'y' }", "outDir", Some("y"));
        check("export default { a: 4 / 2, outDir: 'y' }", "outDir", Some("y"));
        check("export default { mode: ci ? 'output' : 'export', outDir: 'y' }", "output", None);
        check("export default { mode: ci ? 'output' : 'export', outDir: 'y' }", "outDir", Some("y"));
        check("const f = (a?: string) => a?.b ?? 'c'\nexport default { outDir: 'y' }", "outDir", Some("y"));
        check("export default { a: b ? { output: 'x' } : 1, outDir: 'y' }", "outDir", Some("y"));
        check("", "output", None);
        check("{{{", "output", None);
    }

    #[test]
    fn expressions_keep_the_literals_they_choose_between() {
        assert_eq!(
            find("export default { output: ci ? 'export' : undefined, x: 1 }", "output"),
            Some(ConfigValue::Expression(vec!["export".to_owned()]))
        );
        assert_eq!(
            find("export default { adapter: node({ mode: 'standalone' }) }", "adapter"),
            Some(ConfigValue::Expression(vec!["standalone".to_owned()]))
        );
        assert_eq!(find("export default { outDir: `${base}/x` }", "outDir"), Some(ConfigValue::Expression(Vec::new())));
    }
}
