use std::sync::Arc;

use data_encoding::BASE64;
use proptest::prelude::*;

use super::{MaskSet, Masker, Secret, is_maskable};

fn set(secrets: &[&str]) -> Arc<MaskSet> {
    let names: Vec<String> = (0..secrets.len()).map(|index| format!("S{index}")).collect();
    Arc::new(MaskSet::new(names.iter().zip(secrets).map(|(name, value)| Secret { name, value: value.as_bytes() })))
}

fn mask_in_pieces<'a>(set: &Arc<MaskSet>, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut masker, mut out) = (Masker::new(set.clone()), Vec::new());
    for piece in pieces {
        masker.mask(piece, &mut out);
    }
    masker.finish(&mut out);
    out
}

/// Masks `text` whole, cut at every position, and byte by byte: always with the same outcome.
#[track_caller]
fn check(secrets: &[&str], text: &str, expected: &str) {
    let set = set(secrets);
    let whole = mask_in_pieces(&set, [text.as_bytes()]);
    assert_eq!(String::from_utf8_lossy(&whole), expected);
    let bytes = text.as_bytes();
    for cut in 0..=bytes.len() {
        let cut_once = mask_in_pieces(&set, [&bytes[..cut], &bytes[cut..]]);
        assert_eq!(String::from_utf8_lossy(&cut_once), expected, "cut at {cut}");
    }
    assert_eq!(mask_in_pieces(&set, bytes.chunks(1)), whole, "byte by byte");
}

#[track_caller]
fn check_shape(text: &str, expected: &str) {
    check(&[], text, expected);
    check(&["unrelated-secret"], text, expected);
}

const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n\
    OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n\
    1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n\
    -----END PRIVATE KEY-----\n";

#[test]
fn a_secret_is_replaced_by_its_name() {
    check(&["hunter2x"], "the password is hunter2x, hunter2x!", "the password is [masked:S0], [masked:S0]!");
    check(&["hunter2x", "swordfish"], "swordfish/hunter2x", "[masked:S1]/[masked:S0]");
    check(&["hunter2x"], "nothing here: hunter2", "nothing here: hunter2");
    check(&["hunter2x"], "", "");
}

#[test]
fn values_that_cannot_be_masked_are_left_alone() {
    assert!(!is_maskable(b"short") && !is_maskable(b" production\n") && is_maskable(b"sixsix"));
    check(&["1", "ab", "production"], "1 ab production", "1 ab production");
}

/// gitlab-runner, woodpecker and buildkite each leak one of these.
#[test]
fn known_defects_of_others() {
    // A failed partial match is retried from every position, not from one.
    check(&["aabaab"], "aaabaab", "a[masked:S0]");
    check(&["s3s3cret"], "x s3s3s3cret y", "x s3[masked:S0] y");
    check(&["ababac"], "abababac", "ab[masked:S0]");
    // Secrets that overlap, and one inside of the other.
    check(&["abcdefgh", "efghijkl"], "-abcdefghijkl-", "-[masked:S0]-");
    check(&["password", "xpasswordx"], "password xpasswordx", "[masked:S0] [masked:S1]");
    check(&["abcabc"], "abcabcabcabc", "[masked:S0]");
    check(&["abcabc"], "abcabcabc", "[masked:S0]");
    // Lines that are brackets, and `e`, `f`: nothing else is masked because of them.
    check(&["{\n\"a\": \"leaf-of-json\"\n}\n"], "{ a leaf-of-json }", "{ a [masked:S0] }");
    check(&["e\nf\nsecond-line\n{\n"], "{ e f second-line }", "{ e f [masked:S0] }");
}

#[test]
fn encodings_of_a_secret() {
    let secret = "p@ss \"w\"/ö+rd&<1>";
    let json = serde_json::to_string(secret).unwrap();
    let twice = serde_json::to_string(&json).unwrap();
    check(&[secret], &format!("a {json} b"), "a \"[masked:S0]\" b");
    check(&[secret], &format!("a {twice} b"), "a \"\\\"[masked:S0]\\\"\" b");
    check(&[secret], "?q=p%40ss%20%22w%22%2F%C3%B6%2Brd%26%3C1%3E&x", "?q=[masked:S0]&x");
    check(&[secret], "?q=p%40ss+%22w%22%2f%c3%b6%2brd%26%3c1%3e&x", "?q=[masked:S0]&x");
    let html = "p@ss &quot;w&quot;/ö+rd&amp;&lt;1&gt;";
    check(&[secret], &format!("<b>{html}</b>"), "<b>[masked:S0]</b>");
    check(&["it's a secret"], "+ echo 'it'\\''s a secret'", "+ echo '[masked:S0]'");
    check(&["hunter2x"], "68756e7465723278 68:75:6E:74:65:72:32:78", "[masked:S0] [masked:S0]");
    check(&["hunter2x"], "h\0u\0n\0t\0e\0r\x002\0x\0", "[masked:S0]");
}

#[test]
fn base64_of_a_secret_between_neighbours_and_broken_into_lines() {
    let secret = "correct-horse-battery-staple-0123456789-0123456789";
    let set = set(&[secret]);
    for before in ["", "u", "us", "use", "user:", "{\"password\":\""] {
        for after in ["", "\"", "\"}", "\n"] {
            let encoded = BASE64.encode(format!("{before}{secret}{after}").as_bytes());
            for width in [20, 60, 64, 76, 1000] {
                let lines: Vec<&str> =
                    encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
                let text = format!("Authorization: Basic {}\n", lines.join("\r\n  "));
                let masked = String::from_utf8(mask_in_pieces(&set, text.as_bytes().chunks(7))).unwrap();
                // The first and last characters depend on the neighbours, and are too few to say anything.
                let rest: String = masked.replace("[masked:S0]", "").split_whitespace().skip(2).collect();
                let surplus = BASE64.encode_len(before.len() + after.len()) + 8;
                assert!(
                    masked.contains("[masked:S0]") && rest.len() <= surplus,
                    "{before:?} {after:?} {width}: {masked}"
                );
            }
        }
    }
}

#[test]
fn values_of_several_lines() {
    check(&[KEY], &format!("key:\n{KEY}done\n"), "key:\n[masked:S0]\ndone\n");
    check(&[KEY], &format!("key:\r\n{}done", KEY.replace('\n', "\r\n")), "key:\r\n[masked:S0]\r\ndone");
    let spaced = format!("+ echo {}", KEY.trim_end().replace('\n', " "));
    check(&[KEY], &spaced, "+ echo [masked:S0]");
    let json = serde_json::to_string(KEY).unwrap();
    check(&[KEY], &json, "\"[masked:S0]\"");
    // Line by line, with something before each.
    let numbered: Vec<String> = KEY.lines().enumerate().map(|(number, line)| format!("{number}: {line}\n")).collect();
    let expected = "0: -----BEGIN PRIVATE KEY-----\n1: [masked:S0]\n2: [masked:S0]\n3: [masked:S0]\n4: -----END PRIVATE KEY-----\n";
    check(&[KEY], &numbered.concat(), expected);
    let encoded = BASE64.encode(KEY.as_bytes());
    let masked = String::from_utf8(mask_in_pieces(&set(&[KEY]), [encoded.as_bytes()])).unwrap();
    assert!(masked.starts_with("[masked:S0]") && masked.len() < 16, "{masked}");
}

#[test]
fn white_space_in_a_secret_is_any_white_space() {
    check(&["correct horse battery"], "a correct horse battery b", "a [masked:S0] b");
    check(&["correct horse battery"], "a correct\r\n\thorse\n battery b", "a [masked:S0] b");
    check(&["a b c d e f"], "x a b\nc d  e f y", "x [masked:S0] y");
    let far_apart = format!("correct{}horse battery", " ".repeat(2000));
    check(&["correct horse battery"], &far_apart, &far_apart);
}

#[test]
fn colours_within_a_secret() {
    check(&["hunter2hunter2"], "\x1b[31mhunter2\x1b[0;1mhunter2\x1b[0m", "\x1b[31m[masked:S0]\x1b[0m");
    check(&["hunter2hunter2"], "h\x1b[01;31m\x1b[Kunter2hunt\x1b[m\x1b[Ker2 x", "[masked:S0] x");
    check(&["hunter2hunter2"], "hunter2\x1b[hunter2", "hunter2\x1b[hunter2");
    check(&["hunter2hunter2"], "\x1b[3\x1b[31mhunter2hunter2", "\x1b[3\x1b[31m[masked:S0]");
    check(&["a\x1b[1mbcdefg"], "x a\x1b[1mbcdefg abcdefg y", "x [masked:S0] [masked:S0] y");
    check(&["31msecret1"], "\x1b[31msecret1 and 31msecret1", "\x1b[[masked:S0] and [masked:S0]");
}

#[test]
fn the_end_of_a_stream_shows_no_half_of_a_secret() {
    check(&["0123456789abcdef"], "key=0123456789", "key=[masked:S0]");
    check(&["0123456789abcdef"], "key=0123456", "key=0123456");
    check(&["0123456789abcdef0123456789"], "key=0123456789", "key=0123456789");
    // The longer beginning is too little of its secret, the shorter one is enough of another.
    check(&["xx0123456789-and-much-much-more", "0123456789ab"], "xx0123456789", "xx[masked:S1]");
    check(&["0123456789abcdef"], "key=0123456789  \n", "key=[masked:S0]  \n");
}

#[test]
fn a_name_that_tells_the_value_is_not_shown() {
    let set = Arc::new(MaskSet::new([Secret { name: "hunter2x", value: b"hunter2x" }]));
    assert_eq!(set.mask_text("my hunter2x"), "my ***");
}

#[test]
fn counts_are_exact() {
    let set = set(&["hunter2x", "swordfish"]);
    let mut masker = Masker::new(set);
    let mut out = Vec::new();
    masker.mask(b"hunter2x hunter2", &mut out);
    masker.mask(b"x swordfishhunter2x ghp_0123456789012345678901234567890123456789", &mut out);
    masker.finish(&mut out);
    let expected = [("S0", 3), ("S1", 1), ("github-token", 1)];
    assert_eq!(masker.counts().into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(out, b"[masked:S0] [masked:S0] [masked:S1] [masked:github-token]");
}

#[test]
fn found_places_name_all_their_secrets() {
    let set = set(&["abcdefgh", "efghijkl"]);
    let found = set.find(b"-abcdefghijkl-");
    assert_eq!((found[0].range.clone(), found[0].marker), (1..13, "[masked:S0]"));
    assert_eq!((found.len(), found[0].names.as_slice()), (1, ["S1", "S0"].as_slice()));
    assert!(set.find(b"an end that may be a beginning: abcdefg").is_empty());
}

#[test]
fn tokens_are_known_by_their_look() {
    let body = "0123456789abcdefghijABCDEFGHIJ0123456789";
    check_shape(&format!("a ghp_{body}: b"), "a [masked:github-token]: b");
    check_shape(&format!("github_pat_{body}_{body}"), "[masked:github-token]");
    check_shape("glpat-abcdefghij_0123456789 x", "[masked:gitlab-token] x");
    check_shape(&format!("//registry/:_authToken=npm_{body}\n"), "//registry/:_authToken=[masked:npm-token]\n");
    check_shape("npm_config_registry npm_lifecycle_event=build", "npm_config_registry npm_lifecycle_event=build");
    check_shape(&format!("slw_{body}"), "[masked:slipway-token]");
    check_shape(&format!("token slip_et1_{body}{body}, x"), "token [masked:slipway-token], x");
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.TJVA95OrM7E2cBab30RMHrHD";
    check_shape(&format!("Bearer {jwt};"), "Bearer [masked:web-token];");
    check_shape("eyJ is how JSON begins, eyJhbGciOiJIUzI1NiJ9.js", "eyJ is how JSON begins, eyJhbGciOiJIUzI1NiJ9.js");
}

#[test]
fn passwords_in_urls() {
    check_shape("git clone https://me:s3cret@host/x", "git clone https://me:[masked:url-password]@host/x");
    check_shape("redis://:pw@h:1", "redis://:[masked:url-password]@h:1");
    for text in [
        "http://localhost:3000/@vite/client",
        "ssh://git@github.com:22/x",
        "https://a.b:443?x=c@d",
        "https://u:***@h",
        "see http://localhost:5173",
        "postgres://",
    ] {
        check_shape(text, text);
    }
}

#[test]
fn private_keys_nobody_told_us_of() {
    check_shape(&format!("key:\n{KEY}done"), "key:\n[masked:private-key]\ndone");
    check_shape(&format!("{KEY:?}, 1"), "\"[masked:private-key]\\n\", 1");
    let cut = &KEY[..KEY.len() - 40];
    check_shape(cut, "[masked:private-key]");
    for text in ["-----BEGIN CERTIFICATE-----\nMIIB", "expected -----BEGIN PRIVATE KEY----- in line 1."] {
        check_shape(text, text);
    }
    let endless = format!("-----BEGIN RSA PRIVATE KEY-----\n{}", "QUFB".repeat(20_000));
    let set = set(&[]);
    let whole = mask_in_pieces(&set, [endless.as_bytes()]);
    assert_eq!(mask_in_pieces(&set, endless.as_bytes().chunks(1000)), whole);
    assert!(whole.starts_with(b"[masked:private-key]QUFB") && whole.len() < endless.len() - 32_000);
}

#[test]
fn no_prefix_hides_another() {
    for first in super::shapes::prefixes() {
        for second in super::shapes::prefixes().filter(|second| *second != first) {
            for start in 0..first.len() {
                assert!(!first[start..].starts_with(second), "{first} {second}");
            }
        }
    }
}

#[test]
fn long_secrets_are_hidden_whole() {
    let long: String =
        (0..40_000_u32).map(|index| char::from(b'a' + u8::try_from(index * index % 25).unwrap())).collect();
    let set = set(&[&long]);
    let text = format!("<{long}>");
    assert_eq!(mask_in_pieces(&set, text.as_bytes().chunks(999)), b"<[masked:S0]>");
}

/// Logs of real builds (`tests/fixtures/logs`) in which nothing is secret.
#[test]
fn nothing_in_ordinary_logs_is_masked() {
    let mut number = 7_u64;
    let mut random = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(number >> 40).unwrap()
    };
    let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+/=!@$ ";
    let secrets: Vec<String> = (0..200)
        .map(|_| (0..8 + random() % 40).map(|_| char::from(alphabet[random() % alphabet.len()])).collect())
        .collect();
    let set = set(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/logs");
    let mut count = 0;
    for entry in std::fs::read_dir(logs).unwrap() {
        let path = entry.unwrap().path();
        let log = std::fs::read(&path).unwrap();
        let masked = mask_in_pieces(&set, log.chunks(1000));
        assert_eq!(String::from_utf8_lossy(&masked), String::from_utf8_lossy(&log), "{}", path.display());
        count += 1;
    }
    assert!(count >= 5, "{count}");
}

/// Text in which secrets, their beginnings, and what may separate them meet often.
fn text_of(secrets: Vec<String>) -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        3 => (any::<prop::sample::Index>(), 0..100_usize).prop_map(move |(index, share)| {
            let secret = index.get(&secrets);
            let end = if share > 50 { secret.len() } else { secret.len() * share / 50 };
            secret.as_bytes()[..end].to_vec()
        }),
        2 => "[ab\n ]{0,4}".prop_map(String::into_bytes),
        1 => prop::sample::select(vec!["\x1b[1m", "\x1b[", "\x1b", "\r\n", " ", "://a:b@", "ghp_", "eyJ", "-----BEGIN "])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn secrets() -> impl Strategy<Value = Vec<String>> {
    // Few letters, so that secrets overlap with themselves and each other.
    let secret = prop_oneof!["[ab]{6,12}", "[abc \n]{6,20}", "[a-f0-9]{6,40}", "[ -Z^-~]{6,24}"];
    prop::collection::vec(secret, 1..4)
}

fn pieces<'a>(text: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn how_the_stream_is_cut_makes_no_difference(
        (secrets, text) in secrets().prop_flat_map(|secrets| (Just(secrets.clone()), text_of(secrets))),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let set = set(&secrets);
        let whole = mask_in_pieces(&set, [text.as_slice()]);
        prop_assert_eq!(&mask_in_pieces(&set, pieces(&text, &cuts)), &whole);
        prop_assert_eq!(&mask_in_pieces(&set, text.chunks(1)), &whole);
    }

    #[test]
    fn no_secret_survives(
        (secrets, text) in secrets().prop_flat_map(|secrets| (Just(secrets.clone()), text_of(secrets))),
    ) {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).filter(|secret| is_maskable(secret.as_bytes())).collect();
        let set = set(&secrets);
        let masked = mask_in_pieces(&set, [text.as_slice()]);
        // Between two markers nothing of a secret may be left; over a marker, nothing is told.
        let masked = String::from_utf8_lossy(&masked).into_owned();
        for part in masked.split("[masked:") {
            let part = part.split_once(']').map_or(part, |(_, rest)| rest);
            for secret in &secrets {
                prop_assert!(!part.contains(secret.trim_ascii()), "{part:?} contains {secret:?}");
            }
        }
    }

    #[test]
    fn a_secret_of_any_bytes_is_hidden_in_any_text(
        secret in prop::collection::vec(any::<u8>(), 6..60),
        before in prop::collection::vec(any::<u8>(), 0..20),
        after in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        prop_assume!(is_maskable(&secret));
        let set = Arc::new(MaskSet::new([Secret { name: "S", value: &secret }]));
        let text = [before.as_slice(), &secret, &after].concat();
        let masked = mask_in_pieces(&set, text.chunks(3));
        prop_assert!(masked.windows(3).any(|window| window == b":S]" ) || masked.windows(3).any(|window| window == b"***"));
    }
}
