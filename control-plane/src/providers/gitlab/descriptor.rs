//! What GitLab is for forms, and how it speaks OAuth: <https://docs.gitlab.com/api/oauth2/>.

use crate::providers::descriptor::{Accepts, AuthMethod, Descriptor, Field, FieldValue, ProviderKind};
use crate::providers::git::{AUTHOR_EMAIL, AUTHOR_NAME, BRANCH, COMMITS_ONLY, REPORT_DEPLOYMENTS};
use crate::providers::oauth::Dialect;

pub(super) const DIALECT: Dialect = Dialect {
    authorize: "oauth/authorize",
    token: "oauth/token",
    device: "oauth/authorize_device",
    issuer: "",
    scopes: &["api"],
    has_public_clients: true,
};

pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    id: "gitlab",
    name: "GitLab",
    kind: ProviderKind::Git,
    auth: &[AuthMethod::Token, AuthMethod::Device, AuthMethod::Oauth],
    scopes: DIALECT.scopes,
    accepts: &[Accepts::Git],
    takes_variables: false,
    fields: &[
        Field {
            key: "namespace",
            title: "Namespace",
            about: "The user or group that has the project, such as `tools/web`.",
            value: FieldValue::Text {
                longest: 255,
                pattern: r"^[A-Za-z0-9_./-]+$",
                rule: "a user or group of GitLab, such as `tools/web`",
            },
            is_required: true,
        },
        Field {
            key: "project",
            title: "Project",
            about: "Its path, without the namespace.",
            value: FieldValue::Text {
                longest: 255,
                pattern: r"^[A-Za-z0-9_.-]+$",
                rule: "the path of a project at GitLab, without its namespace",
            },
            is_required: true,
        },
        BRANCH,
        Field {
            key: "create",
            title: "Create",
            about: "Make the project when it is not there.",
            value: FieldValue::Flag(false),
            is_required: false,
        },
        Field {
            key: "visibility",
            title: "Visibility",
            about: "Who may see a project that is made.",
            value: FieldValue::Choice(&["private", "internal", "public"]),
            is_required: false,
        },
        COMMITS_ONLY,
        AUTHOR_NAME,
        AUTHOR_EMAIL,
        REPORT_DEPLOYMENTS,
    ],
    docs_url: Some("https://docs.gitlab.com/user/profile/personal_access_tokens/"),
};
