//! What Cloudflare Pages is for forms.

use crate::providers::descriptor::{Accepts, AuthMethod, Descriptor, Field, FieldValue, ProviderKind};

pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    id: "cloudflare-pages",
    name: "Cloudflare Pages",
    kind: ProviderKind::Static,
    auth: &[AuthMethod::Token],
    scopes: &["Account: Cloudflare Pages: Edit"],
    accepts: &[Accepts::Tree],
    takes_variables: true,
    fields: &[
        Field {
            key: "account_id",
            title: "Account",
            about: "The id of the account that has the project, as it stands in the dashboard's address.",
            value: FieldValue::Text {
                longest: 32,
                pattern: r"^[0-9a-f]{32}$",
                rule: "the id of an account at Cloudflare, 32 hexadecimal digits",
            },
            is_required: true,
        },
        Field {
            key: "project",
            title: "Project",
            about: "Its name, which also begins its address below `pages.dev`.",
            value: FieldValue::Text {
                longest: 58,
                pattern: r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                rule: "the name of a Pages project: lower case letters, digits, and `-` between them",
            },
            is_required: true,
        },
        Field {
            key: "create",
            title: "Create",
            about: "Make the project when it is not there.",
            value: FieldValue::Flag(false),
            is_required: false,
        },
    ],
    docs_url: Some("https://developers.cloudflare.com/pages/configuration/api/"),
};
