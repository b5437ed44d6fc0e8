//! What Netlify is for forms, and how it speaks OAuth: <https://docs.netlify.com/api/get-started/#authentication>.

use crate::providers::descriptor::{Accepts, AuthMethod, Descriptor, Field, FieldValue, ProviderKind};
use crate::providers::oauth::Dialect;

/// People agree at `app.netlify.com`; codes become tokens at the host of the API. There are no scopes.
pub(super) const DIALECT: Dialect = Dialect {
    authorize: "authorize",
    token: "oauth/token",
    // Netlify's own flow without a page to return to is not that of RFC 8628, and is not offered.
    device: "",
    issuer: "",
    scopes: &[],
    has_public_clients: false,
};

pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    id: "netlify",
    name: "Netlify",
    kind: ProviderKind::Static,
    auth: &[AuthMethod::Token, AuthMethod::Oauth],
    scopes: DIALECT.scopes,
    accepts: &[Accepts::Tree],
    takes_variables: true,
    fields: &[
        Field {
            key: "site_id",
            title: "Site ID",
            about: "The site's id, which Netlify's pages call \"Project ID\"; or else its name.",
            value: FieldValue::Text {
                longest: 64,
                pattern: r"^[A-Za-z0-9-]+$",
                rule: "the id of a site at Netlify, such as `3970e0fe-8564-4903-9a55-c5f8de49fb8b`",
            },
            is_required: false,
        },
        Field {
            key: "site_name",
            title: "Site name",
            about: "Its name, as in `name.netlify.app`.",
            value: FieldValue::Text {
                longest: 63,
                pattern: r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                rule: "the name of a site, which has lower case letters, digits and `-`, as in `name.netlify.app`",
            },
            is_required: false,
        },
        Field {
            key: "team",
            title: "Team",
            about: "The team that has the site, as in `app.netlify.com/teams/…`; any that the account sees without it.",
            value: FieldValue::Text {
                longest: 100,
                pattern: r"^[A-Za-z0-9_-]+$",
                rule: "the name of a team as it stands in addresses at Netlify",
            },
            is_required: false,
        },
        Field {
            key: "create",
            title: "Create",
            about: "Make the site when it is not there; needs its name.",
            value: FieldValue::Flag(false),
            is_required: false,
        },
    ],
    docs_url: Some("https://docs.netlify.com/api/get-started/#authentication"),
};
