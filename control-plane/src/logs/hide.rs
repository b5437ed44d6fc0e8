//! Hides credentials in lines of a log, also when one goes over several lines.

use crate::secrets::{OwnerSecrets, SeenSecret};
use crate::store::LogLine;

/// Replaces every credential in `lines`, which follow each other and may be of several streams. What
/// was seen, and which lines were changed.
pub fn hide(secrets: &OwnerSecrets, lines: &mut [LogLine]) -> (Vec<SeenSecret>, Vec<usize>) {
    let mut sources: Vec<i32> = lines.iter().map(|line| line.source).collect();
    sources.sort_unstable();
    sources.dedup();
    let (mut seen, mut changed) = (Vec::new(), Vec::new());
    for source in sources {
        let of_stream: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].source == source).collect();
        let (text, starts) = text_of(lines, &of_stream);
        let found = secrets.find(&text);
        seen.extend(secrets.seen(&found).into_iter().filter(|secret| !seen.contains(secret)).collect::<Vec<_>>());
        // From the end, so that places before stay what they are.
        for place in found.iter().rev() {
            for (&index, &start) in of_stream.iter().zip(&starts).rev() {
                let line = &mut lines[index].text;
                let (from, to) = (place.range.start.max(start), place.range.end.min(start + line.len()));
                if from < to {
                    let marker = if from == place.range.start { place.marker } else { "" };
                    line.splice(from - start..to - start, marker.bytes());
                    changed.push(index);
                }
            }
        }
    }
    changed.sort_unstable();
    changed.dedup();
    (seen, changed)
}

/// The text of some lines, and where in it each begins.
fn text_of(lines: &[LogLine], which: &[usize]) -> (Vec<u8>, Vec<usize>) {
    let (mut text, mut starts) = (Vec::new(), Vec::with_capacity(which.len()));
    for &index in which {
        starts.push(text.len());
        text.extend_from_slice(&lines[index].text);
        if !lines[index].continued {
            text.push(b'\n');
        }
    }
    (text, starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::secrets::{CredentialSecret, KnownSecrets, vault_over};
    use crate::store::{LogSource, in_memory};

    async fn secrets_of(tokens: &[&str]) -> OwnerSecrets {
        let (store, now) = (in_memory().await, Timestamp::from_micros(1));
        let vault = vault_over(&store).await;
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", now).await.expect("user").id;
        tx.commit().await.expect("commits");
        for (index, token) in tokens.iter().enumerate() {
            let secret = CredentialSecret { username: None, token: (*token).to_owned().into(), refresh_token: None };
            let row = vault.credential_row(user, "npm", &format!("label-{index}"), &secret, now).await.expect("seals");
            let mut tx = store.begin().await.expect("begins");
            assert!(tx.insert_credential(&row).await.expect("stores"));
            tx.commit().await.expect("commits");
        }
        KnownSecrets::new(vault).of(&[user]).await.expect("opens")
    }

    fn line(source: LogSource, text: &str, continued: bool) -> LogLine {
        LogLine { source: source.into(), at_unix_ms: 0, text: text.as_bytes().to_vec(), continued }
    }

    #[tokio::test]
    async fn a_credential_is_hidden_within_and_across_lines_of_its_own_stream() {
        let secrets =
            secrets_of(&["first-canary-0123", "-----BEGIN X-----\nAAAABBBBCCCC\nDDDDEEEEFFFF\n-----END X-----"]).await;
        let (out, err) = (LogSource::Stdout, LogSource::Stderr);
        let mut lines = [
            line(out, "a first-canary-0123 b", false),
            line(out, "-----BEGIN X-----", false),
            line(err, "nothing", false),
            line(out, "AAAABBBBCCCC", false),
            line(out, "DDDDEEEEFFFF", false),
            line(out, "-----END X----- first-can", true),
            line(err, "ary-0123", false),
            line(out, "ary-0123", false),
        ];
        let (seen, changed) = hide(&secrets, &mut lines);
        let labels: Vec<_> = seen.iter().map(|seen| seen.label.as_str()).collect();
        assert_eq!(labels, ["label-0", "label-1"]);
        assert_eq!(changed, [0, 1, 3, 4, 5, 7]);
        let text: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect();
        assert!(text[0].starts_with("a [masked:credential ") && text[0].ends_with("] b"), "{text:?}");
        assert!(text[1].starts_with("[masked:credential "));
        assert_eq!((text[2].as_str(), text[3].as_str(), text[4].as_str()), ("nothing", "", ""));
        assert!(text[5].starts_with(" [masked:credential "));
        assert_eq!((text[6].as_str(), text[7].as_str()), ("ary-0123", ""));
    }
}
