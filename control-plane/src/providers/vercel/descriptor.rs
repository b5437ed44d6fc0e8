//! What Vercel is for forms, and how an integration of it is connected (Vercel Docs, "Building Integrations with Vercel
//! REST API").

use crate::providers::descriptor::{Accepts, AuthMethod, Descriptor, Field, FieldValue, ProviderKind};
use crate::providers::oauth::Dialect;

/// People install the integration at `vercel.com/integrations/SLUG/new`; codes become tokens at the API. What one may
/// do is part of the integration, and its tokens do not end while it is installed.
pub(super) const DIALECT: Dialect = Dialect {
    authorize: "new",
    token: "v2/oauth/access_token",
    device: "",
    issuer: "",
    scopes: &[],
    has_public_clients: false,
};

pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    id: "vercel",
    name: "Vercel",
    kind: ProviderKind::Static,
    auth: &[AuthMethod::Token, AuthMethod::Oauth],
    scopes: DIALECT.scopes,
    accepts: &[Accepts::Tree],
    takes_variables: true,
    fields: &[
        Field {
            key: "project",
            title: "Project",
            about: "Its name or its id, without the team.",
            value: FieldValue::Text {
                longest: 100,
                pattern: r"^[A-Za-z0-9_][A-Za-z0-9._-]*$",
                rule: "the name or the id of a project at Vercel",
            },
            is_required: true,
        },
        Field {
            key: "team_id",
            title: "Team",
            about: "The team that has the project, such as `team_…`; the account's own without it.",
            value: FieldValue::Text {
                longest: 64,
                pattern: r"^team_[A-Za-z0-9]+$",
                rule: "the id of a team at Vercel, which begins with `team_`",
            },
            is_required: false,
        },
        Field {
            key: "create",
            title: "Create",
            about: "Make the project when it is not there.",
            value: FieldValue::Flag(false),
            is_required: false,
        },
    ],
    docs_url: Some("https://vercel.com/docs/rest-api#creating-an-access-token"),
};
