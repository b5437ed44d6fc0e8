//! What GitHub is for forms, and how it speaks OAuth.

use crate::providers::descriptor::{Accepts, AuthMethod, Descriptor, Field, FieldValue, ProviderKind};
use crate::providers::git::{AUTHOR_EMAIL, AUTHOR_NAME, BRANCH, COMMITS_ONLY, REPORT_DEPLOYMENTS};
use crate::providers::oauth::Dialect;

pub(super) const DIALECT: Dialect = Dialect {
    authorize: "login/oauth/authorize",
    token: "login/oauth/access_token",
    device: "login/device/code",
    issuer: "login/oauth",
    scopes: &["repo", "workflow"],
    has_public_clients: false,
};

pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    id: "github",
    name: "GitHub",
    kind: ProviderKind::Git,
    auth: &[AuthMethod::Token, AuthMethod::Device, AuthMethod::Oauth],
    scopes: DIALECT.scopes,
    accepts: &[Accepts::Git],
    takes_variables: false,
    fields: &[
        Field {
            key: "owner",
            title: "Owner",
            about: "The user or organisation that has the repository.",
            value: FieldValue::Text {
                longest: 39,
                pattern: r"^[A-Za-z0-9_-]+$",
                rule: "the name of a user or organisation at GitHub",
            },
            is_required: true,
        },
        Field {
            key: "repo",
            title: "Repository",
            about: "Its name, without the owner.",
            value: FieldValue::Text {
                longest: 100,
                pattern: r"^[A-Za-z0-9._-]+$",
                rule: "the name of a repository at GitHub, without its owner",
            },
            is_required: true,
        },
        BRANCH,
        Field {
            key: "create",
            title: "Create",
            about: "Make the repository when it is not there.",
            value: FieldValue::Flag(false),
            is_required: false,
        },
        Field {
            key: "private",
            title: "Private",
            about: "Whether a repository that is made is private.",
            value: FieldValue::Flag(true),
            is_required: false,
        },
        COMMITS_ONLY,
        AUTHOR_NAME,
        AUTHOR_EMAIL,
        REPORT_DEPLOYMENTS,
    ],
    docs_url: Some(
        "https://docs.github.com/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens",
    ),
};
