//! What git hosts say when they refuse a push, as a sentence with the way out. Their own words follow it: they
//! name files, rules and links that we do not know. The texts are those that GitHub, GitLab and git's own
//! receive-pack print.

use axum::http::StatusCode;

/// As much of a host's own words as is repeated.
const QUOTED_CHARACTERS: usize = 600;

/// By a part of what the host says, in the order in which they are tried: what it means and what to do.
const KNOWN: [(&str, &str); 19] = [
    (
        "GITHUB PUSH PROTECTION",
        "GitHub found a secret in a file and took nothing. Remove it from the file named below, and replace it where it was issued",
    ),
    (
        "PUSH BLOCKED: Secrets detected",
        "GitLab found a secret in a file and took nothing. Remove it from the file named below, and replace it where it was issued",
    ),
    (
        "without `workflow` scope",
        "the credential may not change workflow files. Connect the account again with the scope `workflow`, or leave out .github/workflows",
    ),
    (
        "without `workflows` permission",
        "the credential may not change workflow files. Give it the permission Workflows: write, or leave out .github/workflows",
    ),
    ("GH001", "a file is larger than GitHub takes (100 MiB). Remove it from the history, or keep it in Git LFS"),
    (
        "exceed the 100MiB limit",
        "a file is larger than GitLab takes (100 MiB). Remove it from the history, or keep it in Git LFS",
    ),
    ("GH006", "the branch is protected. Push to another branch and open a pull request, or change its protection"),
    (
        "protected branch",
        "the branch is protected. Push to another branch and open a merge request, or change its protection",
    ),
    (
        "GH013",
        "a rule of the repository forbids this push. Push to another branch and open a pull request, or change the rule",
    ),
    ("GH007", "the commits would show a private e-mail address. Set `author_email` in the target to a public one"),
    (
        "GH008",
        "the repository keeps files in Git LFS, and their contents are not at the host. Push them with `git lfs push --all` first",
    ),
    (
        "LFS objects are missing",
        "the repository keeps files in Git LFS, and their contents are not at the host. Push them with `git lfs push --all` first",
    ),
    ("exceeded its size limit", "the repository is full. Make it smaller, or have its limit raised"),
    ("archived", "the repository is archived and read-only. Unarchive it, or name another one in the target"),
    (
        "shallow update not allowed",
        "the repository in the sandbox is a shallow clone. Run `git fetch --unshallow` there",
    ),
    ("deny updating a hidden ref", "this reference cannot be pushed to. Name a branch in the target"),
    ("failed to update ref", "somebody else has moved the branch at the same moment. Deploy again"),
    ("failed to lock", "somebody else is moving the branch at the same moment. Deploy again"),
    (
        "non-fast-forward",
        "the branch has moved on, and only a forced push would get there. Deploy again to push on top of it",
    ),
];

/// A refused push: `reason` is the server's word for the branch, `text` what it printed for people.
pub(super) fn of_push(reason: &str, text: &str) -> String {
    let said = format!("{reason}\n{text}");
    let meaning = KNOWN.iter().find(|(part, _)| said.contains(part)).map(|(_, meaning)| *meaning);
    let meaning = meaning.unwrap_or("the git server refused the push");
    let quoted = shorten(&plain(&said));
    format!("{meaning}. It said: {quoted}")
}

/// A refused request, before anything was pushed.
pub(super) fn of_status(status: StatusCode, host: &str, path: &str, text: &str) -> String {
    let repository = path.trim_matches('/').trim_end_matches(".git");
    if let Some((_, meaning)) = KNOWN.iter().find(|(part, _)| text.contains(part)) {
        return format!("{meaning}. {host} said: {}", shorten(text));
    }
    let said = if text.is_empty() { String::new() } else { format!(" {host} said: {}", shorten(text)) };
    if status == StatusCode::NOT_FOUND {
        return format!(
            "there is no repository {repository} at {host}, or the credential of this target cannot see it. Check the name, make the repository, or connect an account that has access.{said}"
        );
    }
    format!(
        "the credential of this target may not push to {repository} at {host}. Give it write access to the contents of the repository, authorise it for the organisation's single sign-on, or connect another account.{said}"
    )
}

/// Text of a server without what could confuse a reader: control characters, `remote:` prefixes, empty lines.
pub(super) fn plain(text: &str) -> String {
    let lines = text.split(['\n', '\r']).map(|line| line.trim().trim_start_matches("remote:").trim());
    let lines = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    lines.chars().filter(|character| !character.is_control()).collect()
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meaning_comes_first_and_the_hosts_words_after_it() {
        let text = "remote: error: GH006: Protected branch update failed for refs/heads/main.\nremote: \u{1b}[1m- Changes must be made through a pull request.\n";
        let message = of_push("protected branch hook declined", text);
        assert!(message.starts_with("the branch is protected. Push to another branch"), "{message}");
        assert!(
            message.ends_with("- Changes must be made through a pull request.") && !message.contains('\u{1b}'),
            "{message}"
        );
        assert!(of_push("hook declined", "because of rule 7").contains("It said: hook declined; because of rule 7"));
        assert!(of_push("x", &"y".repeat(2000)).len() < 700);
    }

    #[test]
    fn push_protection_is_told_from_other_rules() {
        let text = "GH013: Repository rule violations found for refs/heads/main.\n- GITHUB PUSH PROTECTION\n path: config.js:3";
        assert!(of_push("push declined due to repository rule violations", text).contains("found a secret"));
        assert!(of_push("x", "GH013: Cannot update this protected ref.").contains("rule of the repository"));
    }

    #[test]
    fn a_request_that_is_refused_names_the_repository() {
        let message = of_status(StatusCode::NOT_FOUND, "github.com", "/ada/shop.git", "Repository not found.");
        assert!(message.contains("no repository ada/shop at github.com"), "{message}");
        let message = of_status(
            StatusCode::FORBIDDEN,
            "github.com",
            "/ada/shop.git",
            "This repository was archived so it is read-only.",
        );
        assert!(message.contains("is archived and read-only"), "{message}");
    }
}
