// Made by `npm run api` from the OpenAPI document of the server. Do not edit.

export interface paths {
    "/api/about": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this installation is, for whoever is signed in. */
        get: operations["get_about"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who changed what, newest first.
         * @description Shows what was done to records of the caller and of teams they are an admin of, and what the caller
         *     did themselves. Every change has a row, written before it began; attempts that were refused have one,
         *     too. The token needs the scope `admin`.
         */
        get: operations["list_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs in with name and password; the answer sets the session cookie.
         * @description After ten attempts for a name, or fifty from an address, in a quarter of an hour further ones are
         *     refused for a while.
         */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session, here and in the browser. */
        post: operations["log_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ways in which people can sign in here. */
        get: operations["list_sign_in_methods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oidc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sends the browser to the OpenID Connect issuer. */
        get: operations["start_oidc_sign_in"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/oidc/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the issuer sends the browser back to. */
        get: operations["finish_oidc_sign_in"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the first person, who administers the installation, and signs them in. */
        post: operations["set_up"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The deployments of the caller and their teams, newest first. */
        get: operations["list_deployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One deployment. */
        get: operations["get_deployment"];
        put?: never;
        post?: never;
        /**
         * Removes an ended deployment with its log; what `local` serves of it ends. What other providers have of it stays
         *     there, unless `at_provider` is said.
         */
        delete: operations["delete_deployment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a deployment to end. It ends at once while it waits, and as soon as the agent has stopped
         *     the build while it is built. While it is published, the provider is asked to hold it back, if it can; else it
         *     ends as a success with `cancel_too_late` in its metadata.
         */
        post: operations["cancel_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follows a deployment: events `log`, `step`, `status` and at the end `done`. The id of each event
         *     is the number of the last line sent; `Last-Event-ID` resumes behind it.
         */
        get: operations["follow_deployment_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/{id}/redeploy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deploys again as a new deployment: publishes the same artifact, or builds once more. */
        post: operations["redeploy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/{id}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replaces the live release of a target by a former one, from its stored artifact: the same bits, as a new
         *     deployment. The `id` is that of the release that is live.
         */
        post: operations["roll_back"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/auth/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Disconnects an account: ends what was given to this installation at the provider, and forgets it here. */
        delete: operations["disconnect_account"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/auth/{provider}/authorize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sends the browser to the provider's page where one agrees; with `Accept: application/json` only says where it is.
         * @description Whoever comes back must be signed in as who began, in the same session.
         */
        get: operations["authorize_account"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/auth/{provider}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a provider sends the browser back to. */
        get: operations["finish_account"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/auth/{provider}/device": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins connecting an account by a code that one types at the provider. */
        post: operations["start_device_flow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/auth/{provider}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The accounts of the caller and their teams at a provider, and whether they still work. */
        get: operations["get_accounts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/auth/{provider}/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Connects an account: with a token, which the provider is asked about first, or with the code of a device flow.
         * @description One that is connected already gets the new secret, and targets go on with it; it must be the same account.
         */
        post: operations["connect_account"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The targets of the caller and their teams, oldest first. */
        get: operations["list_targets"];
        put?: never;
        /** Makes a target. */
        post: operations["create_target"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One target. */
        get: operations["get_target"];
        /** Changes a target; what is left out stays. With `If-Match` only while it is as it was seen. */
        put: operations["update_target"];
        post?: never;
        /** Removes a target that no deployment refers to. */
        delete: operations["delete_target"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}/domains": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The domains of the target's project at its provider. */
        get: operations["list_domains"];
        put?: never;
        /** Gives a domain to the target's project at its provider. What has to stand in the domain's DNS is in the answer. */
        post: operations["add_domain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}/domains/{domain}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a domain away from the target's project at its provider. */
        delete: operations["remove_domain"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}/domains/{domain}/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the provider to look at the domain's DNS again, and answers what it has found. */
        post: operations["verify_domain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}/env": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The target's variables. Values of secrets are `null`. */
        get: operations["get_target_variables"];
        /** Replaces the target's variables, or some of them. With `If-Match` only while the version is that one. */
        put: operations["set_target_variables"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}/env/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes variables from a `.env` text, or says what would change. What is given for the body is
         *     quoted in no error.
         */
        post: operations["import_target_variables"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the provider who the account is and whether it may deploy to this target. Nothing is changed there. */
        post: operations["test_target"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deployments/targets/{id}/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The hook of a target. */
        get: operations["get_webhook"];
        put?: never;
        /**
         * Makes the hook of a target; one that it had before ends. It is entered at the provider where that can be done
         *     through its API; enter address and secret there yourself elsewhere, for pushes.
         */
        post: operations["create_webhook"];
        /** Removes the hook of a target, if there is one: what is sent to it from then on is refused. */
        delete: operations["delete_webhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who one is, and what one may do. */
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The providers of this installation. */
        get: operations["list_providers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{provider}/environments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The environments of a project, the first hundred. */
        get: operations["list_environments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/{provider}/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What an account could deploy to: repositories, projects, sites. */
        get: operations["list_projects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The sandboxes of the caller and their teams, oldest first. */
        get: operations["list_sandboxes"];
        put?: never;
        /** Makes a sandbox. */
        post: operations["create_sandbox"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One sandbox. */
        get: operations["get_sandbox"];
        put?: never;
        post?: never;
        /** Removes a sandbox with its history; its sites are no longer served. */
        delete: operations["delete_sandbox"];
        options?: never;
        head?: never;
        /** Renames, relabels or revokes a sandbox. With `If-Match` only while it is as it was seen. */
        patch: operations["update_sandbox"];
        trace?: never;
    };
    "/api/sandboxes/{id}/deploy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a deployment of a sandbox to a target. */
        post: operations["create_deployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A sandbox's deployments, newest first. */
        get: operations["list_sandbox_deployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}/detect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Asks the sandbox's agent what it would build. */
        get: operations["detect_project"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}/enroll-token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a single-use enrolment token, valid for ten minutes. */
        post: operations["create_enroll_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}/export/github": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pushes the workspace to a repository at GitHub. The target for it is made, or the one that says the same is taken. */
        post: operations["export_to_github"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}/export/gitlab": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pushes the workspace to a project at GitLab. The target for it is made, or the one that says the same is taken. */
        post: operations["export_to_gitlab"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}/export/tar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Downloads the sandbox's workspace as it is now, as a tar archive: sources and settings, without what ignore files
         *     leave out. Links are links. An archive that breaks off is not whole, and neither is its body.
         */
        post: operations["export_tar"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sandboxes/{id}/export/zip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Downloads the sandbox's workspace as it is now, as a ZIP archive: sources and settings, without what ignore files
         *     leave out. Links are links; names that are not UTF-8 are kept as they are. An archive that breaks off is not
         *     whole, and neither is its body.
         */
        post: operations["export_zip"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/teams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's teams, oldest first. */
        get: operations["list_teams"];
        put?: never;
        /** Makes a team; the caller is its admin. */
        post: operations["create_team"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/teams/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One team. */
        get: operations["get_team"];
        put?: never;
        post?: never;
        /** Removes a team that owns nothing any more. */
        delete: operations["delete_team"];
        options?: never;
        head?: never;
        /** Renames a team. With `If-Match` only while it is as it was seen. */
        patch: operations["update_team"];
        trace?: never;
    };
    "/api/teams/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The members of a team. */
        get: operations["list_team_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/teams/{id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Takes somebody into a team, or changes their role. They find their id with `GET /api/me`. */
        put: operations["set_team_member"];
        post?: never;
        /** Takes somebody out of a team. Anybody may leave, but the last admin. */
        delete: operations["remove_team_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own tokens, oldest first. */
        get: operations["list_tokens"];
        put?: never;
        /**
         * Makes a token that acts for oneself. With a token one can make only tokens that reach less far, or
         *     as far, and end when it ends.
         */
        post: operations["create_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a token at once, and those that were made with it. */
        delete: operations["delete_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everybody, oldest first. For administrators of the installation. */
        get: operations["list_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * For providers: tells that something has happened. Deliveries are proven as the provider does it, and are hints: what
         *     is being published is looked at again, sooner than it would have been.
         */
        post: operations["receive_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process runs. */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Numbers about this process, as OpenMetrics text. With `metrics.token` set it takes that as a bearer token; else it
         *     answers this machine only, and nobody behind a proxy.
         */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process can do its work: its database answers, and it is not about to end. */
        get: operations["get_readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description This installation.
         * @example {
         *       "started_at": "2026-03-14T09:26:53.589793Z",
         *       "version": "0.1.0"
         *     }
         */
        AboutView: {
            /**
             * Format: date-time
             * @description When this process began.
             */
            started_at: string;
            /** @description Of this program. An agent of another one works, and may lack what is new. */
            version: string;
        };
        /**
         * @description What a provider can be given to publish.
         * @enum {string}
         */
        Accepts: "tree" | "git" | "image" | "package";
        /**
         * @description What is known of whether an account works.
         * @enum {string}
         */
        AccountState: "valid" | "needs_reconnection" | "unknown";
        /** @description A connected account and whether it works. */
        AccountStatusView: components["schemas"]["AccountView"] & {
            /** Format: date-time */
            connected_at: string;
            /** @description What is wrong and what to do; `null` when nothing is. */
            problem?: string | null;
            /**
             * Format: date-time
             * @description When it was last connected again or renewed.
             */
            renewed_at: string;
            state: components["schemas"]["AccountState"];
        };
        /**
         * @description The accounts at a provider.
         * @example {
         *       "accounts": [
         *         {
         *           "account": "ada",
         *           "account_id": "583231",
         *           "connected_at": "2026-03-14T09:26:53.589793Z",
         *           "credentials_id": "0199d3a5-7c11-7d22-8e33-4f5566778899",
         *           "expires_at": null,
         *           "label": "work",
         *           "problem": null,
         *           "provider": "github",
         *           "renewed_at": "2026-03-14T09:26:53.589793Z",
         *           "scopes": [
         *             "repo",
         *             "workflow"
         *           ],
         *           "state": "valid",
         *           "team_id": null
         *         }
         *       ],
         *       "provider": "github"
         *     }
         */
        AccountsView: {
            accounts: components["schemas"]["AccountStatusView"][];
            provider: string;
        };
        /**
         * @description A connected account.
         * @example {
         *       "account": "ada",
         *       "account_id": "583231",
         *       "credentials_id": "0199d3a5-7c11-7d22-8e33-4f5566778899",
         *       "expires_at": "2026-09-14T09:26:53.589793Z",
         *       "label": "work",
         *       "provider": "github",
         *       "scopes": [
         *         "repo",
         *         "workflow"
         *       ],
         *       "team_id": null
         *     }
         */
        AccountView: {
            /** @description Whom it authenticates at the provider; `null` when that was never asked. */
            account?: string | null;
            /** @description The same, as the provider identifies them whatever they are called. */
            account_id?: string | null;
            credentials_id: components["schemas"]["CredentialId"];
            /**
             * Format: date-time
             * @description When the credential ends; `null` when it does not. One that was given by OAuth is renewed before.
             */
            expires_at?: string | null;
            /** @description What its owner calls it. */
            label: string;
            provider: string;
            /** @description What it may do there, in the provider's words; empty when the provider does not tell. */
            scopes: string[];
            team_id?: components["schemas"]["TeamId"] | null;
        };
        /** @description Who did it. */
        ActorView: {
            /**
             * Format: uuid
             * @description The user, or the agent's sandbox.
             */
            id?: string | null;
            /** @description `user`, `anonymous` (somebody who signs in), `command_line`, `agent` or `system`. */
            kind: string;
            /** @description What they were called then; the operating system's user for `command_line`. */
            name?: string | null;
            /** @description `token`, `session` or `trusted_jwt`. */
            signed_in_with?: string | null;
            token_id?: components["schemas"]["ApiTokenId"] | null;
        };
        /**
         * @description A domain to give to a target.
         * @example {
         *       "name": "www.example.com"
         *     }
         */
        AddDomain: {
            /** @description Like `www.example.com`. */
            name: string;
        };
        /** @description Stored credentials that turned up in what the sandbox sent; they should be replaced. */
        Alarm: {
            credentials: components["schemas"]["SeenCredential"][];
            /** @description `secret_seen_in_sandbox`. */
            kind: string;
        };
        /** @description Another reading of the same project. */
        AlternativeView: {
            /** Format: float */
            confidence: number;
            framework: string;
            root_dir: string;
        };
        /**
         * Format: uuid
         * @description Identifies an API token (not its secret).
         */
        ApiTokenId: string;
        /**
         * Format: binary
         * @description The bytes of an archive.
         */
        Archive: string;
        /** @description What was built. */
        ArtifactSummary: {
            /** Format: int64 */
            files: number;
            /** @description BLAKE3 digest of the manifest, in hexadecimal. */
            root: string;
            /** Format: int64 */
            size_bytes: number;
        };
        /**
         * Format: uuid
         * @description Identifies a row of the audit log.
         */
        AuditId: string;
        /**
         * @description A change, or an attempt at one.
         * @example {
         *       "account_id": "0198c5a2-0000-7000-8000-000000000001",
         *       "action": "target.create",
         *       "actor": {
         *         "id": "0198c5a2-0000-7000-8000-000000000001",
         *         "kind": "user",
         *         "name": "ada",
         *         "signed_in_with": "token",
         *         "token_id": "0198c5a2-0000-7000-8000-000000000002"
         *       },
         *       "address": "203.0.113.7",
         *       "at": "2026-01-20T09:30:00.123456Z",
         *       "completed_at": "2026-01-20T09:30:00.125890Z",
         *       "details": {
         *         "name": "shop",
         *         "provider": "local"
         *       },
         *       "error_code": null,
         *       "id": "0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a10",
         *       "outcome": "done",
         *       "request_id": "0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a0f",
         *       "subject": {
         *         "id": "0198c5a2-0000-7000-8000-000000000003",
         *         "kind": "target"
         *       }
         *     }
         */
        AuditView: {
            account_id?: components["schemas"]["UserId"] | null;
            /**
             * @description A stable word like `target.create`.
             * @example target.create
             */
            action: string;
            actor: components["schemas"]["ActorView"];
            /** @description Where the request came from. */
            address?: string | null;
            /**
             * Format: date-time
             * @description When it began.
             */
            at: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            completed_at?: string | null;
            /** @description Names of what changed; never values of secrets. */
            details: Record<string, never>;
            /** @description The `code` of the answer, unless it is done. */
            error_code?: string | null;
            id: components["schemas"]["AuditId"];
            /**
             * @description `done`, `denied` (whoever asked may not, or it is not there) or `failed`. `null`: it is under way, or
             *     the server stopped meanwhile and nobody knows how it ended.
             */
            outcome?: string | null;
            /**
             * Format: uuid
             * @description `X-Request-Id` of the request.
             */
            request_id?: string | null;
            subject?: components["schemas"]["SubjectView"] | null;
        };
        /**
         * @description A way to connect an account.
         * @enum {string}
         */
        AuthMethod: "token" | "device" | "oauth";
        /**
         * @description Where to send a browser.
         * @example {
         *       "url": "https://github.com/login/oauth/authorize?client_id=EXAMPLE"
         *     }
         */
        AuthorizeView: {
            /**
             * Format: uri
             * @description The provider's page.
             */
            url: string;
        };
        /** @description What a provider can do besides publishing. */
        Capabilities: {
            /** @description Hold back a release while it is made. */
            cancel: boolean;
            /** @description Delete what a deployment has made there. */
            delete: boolean;
            /** @description Take domains that people give to what is deployed. */
            domains: boolean;
            /** @description Take variables for what runs there. */
            env_vars: boolean;
            /** @description List the environments of a project. */
            environments: boolean;
            /** @description List what a target can be for. */
            projects: boolean;
            /** @description Put a former release in the place of the present one. */
            rollback: boolean;
            /** @description Tell by itself what becomes of a release. */
            webhooks: boolean;
        };
        /** @description One thing that was tried. */
        Check: {
            allowed: boolean;
            /** @description What was found, or why not and what to do. */
            detail: string;
            what: string;
        };
        /**
         * @description What is to be connected: a token, or the account of a device flow.
         * @example {
         *       "kind": "token",
         *       "label": "work",
         *       "token": "EXAMPLE-NOT-A-TOKEN"
         *     }
         */
        ConnectAccount: {
            /** @enum {string} */
            kind: "token";
            /** @description What to call it; the account's name at the provider when left out. */
            label?: string | null;
            team_id?: components["schemas"]["TeamId"] | null;
            /** Format: password */
            token: string;
            /** @description For registries that want one. */
            username?: string | null;
        } | {
            /**
             * Format: password
             * @description As it was answered when the flow was begun.
             */
            device_code: string;
            /** @enum {string} */
            kind: "device";
        };
        /**
         * @description What to deploy and how. What is left out is detected.
         * @example {
         *       "branch": "main",
         *       "commit_message": "Show prices with tax",
         *       "env": {
         *         "FEATURES": {
         *           "secret": false,
         *           "value": "search,basket"
         *         }
         *       },
         *       "environment": "production",
         *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7"
         *     }
         */
        CreateDeployment: {
            /** @description The branch the sources are of, for people. */
            branch?: string | null;
            build_command?: string | null;
            /** @description What changed, for people. */
            commit_message?: string | null;
            /** @description Do everything but the irreversible step. */
            dry_run?: boolean;
            /** @description Variables for this build, besides the target's own. They enter the sandbox. Their values are masked in the log, unless they are given as `{"value": "…", "secret": false}`. */
            env?: {
                [key: string]: string | {
                    secret: boolean;
                    value: string;
                };
            };
            environment?: components["schemas"]["Environment"];
            /** @description Slug of the framework whose rules apply. */
            framework?: string | null;
            install_command?: string | null;
            /** @description Relative to `root_dir`. */
            output_dir?: string | null;
            /** @description Relative to the workspace. */
            root_dir?: string | null;
            target_id: components["schemas"]["TargetId"];
        };
        /**
         * @description A sandbox to be made.
         * @example {
         *       "labels": {
         *         "project": "shop"
         *       },
         *       "name": "shop"
         *     }
         */
        CreateSandbox: {
            /** @description Anything one likes to find it by. */
            labels?: {
                [key: string]: string;
            };
            /** @description Not used by another sandbox of the same owner. */
            name: string;
            team_id?: components["schemas"]["TeamId"] | null;
        };
        /**
         * @description A target to be made.
         * @example {
         *       "config": {
         *         "build_command": "npm run build:site"
         *       },
         *       "name": "preview",
         *       "provider": "local"
         *     }
         */
        CreateTarget: {
            /** @description Settings of the provider (`local` has none), and how projects are built for this target. */
            config?: {
                /** @description How it is built. */
                build_command?: string;
                /** @description Slug of the framework whose rules apply. */
                framework?: string;
                /** @description How dependencies are installed. */
                install_command?: string;
                /** @description Where the output appears, relative to `root_dir`. */
                output_dir?: string;
                /** @description Directory of the project inside the workspace. */
                root_dir?: string;
            } & {
                [key: string]: unknown;
            };
            credentials_id?: components["schemas"]["CredentialId"] | null;
            /** @description Whether it is taken when none is named. */
            is_default?: boolean;
            /** @description Not used by another target of the same owner. */
            name: string;
            /** @description Id of a provider of this installation. */
            provider: string;
            team_id?: components["schemas"]["TeamId"] | null;
        };
        /**
         * @description A team to be made.
         * @example {
         *       "name": "shop"
         *     }
         */
        CreateTeam: {
            name: string;
        };
        /**
         * @description A token to be made.
         * @example {
         *       "expires_in_days": 30,
         *       "name": "release job",
         *       "scopes": [
         *         "deploy"
         *       ]
         *     }
         */
        CreateToken: {
            /**
             * Format: int32
             * @description 1 to 365; 30 when left out. A token that is made with another one ends with it at the latest.
             * @default 30
             */
            expires_in_days: number | null;
            /** @description What it is for. */
            name: string;
            /** @description Each includes reading; `admin` includes all. */
            scopes: components["schemas"]["Scope"][];
        };
        /** @description A person, by the name that everybody sees. */
        CreatorView: {
            id: components["schemas"]["UserId"];
            name: string;
        };
        /**
         * Format: uuid
         * @description Identifies a stored credential at a provider.
         */
        CredentialId: string;
        /**
         * Format: uuid
         * @description Identifies one deployment attempt.
         */
        DeploymentId: string;
        /**
         * @description A deployment as the API shows it.
         * @example {
         *       "artifact_stored": true,
         *       "branch": "main",
         *       "commit_message": "Show the cart",
         *       "completed_at": "2026-03-14T09:27:21.004518Z",
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "created_by": {
         *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
         *         "name": "ada"
         *       },
         *       "deployment_url": "http://127.0.0.1:20000/",
         *       "dry_run": false,
         *       "env_version": 3,
         *       "environment": "production",
         *       "error_message": null,
         *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
         *       "is_live": true,
         *       "kind": "static",
         *       "log": {
         *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
         *         "bytes": 2381,
         *         "complete": true,
         *         "dropped_bytes": 0,
         *         "dropped_lines": 0,
         *         "lines": 42,
         *         "removed_at": null
         *       },
         *       "metadata": {
         *         "artifact": {
         *           "files": 12,
         *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
         *           "size_bytes": 48213
         *         },
         *         "plan": {
         *           "alternatives": [
         *             {
         *               "confidence": 0.2,
         *               "framework": "none",
         *               "root_dir": "docs"
         *             }
         *           ],
         *           "build_command": "npm run build",
         *           "confidence": 0.98,
         *           "deployable": [
         *             "static",
         *             "git"
         *           ],
         *           "evidence": [
         *             "package.json depends on vite",
         *             "vite.config.ts is there"
         *           ],
         *           "framework": "vite",
         *           "install_command": "npm ci",
         *           "kind": "static",
         *           "monorepo": null,
         *           "output_dir": "dist",
         *           "package_manager": "npm",
         *           "root_dir": ".",
         *           "routing": "single-page",
         *           "runtime_versions": {
         *             "node": ">=20"
         *           },
         *           "sources": {
         *             "build_command": "package.json",
         *             "install_command": "framework",
         *             "output_dir": "framework"
         *           },
         *           "start_command": null,
         *           "warnings": []
         *         }
         *       },
         *       "preview_url": null,
         *       "provider": "local",
         *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
         *       "sandbox_name": "shop",
         *       "started_at": "2026-03-14T09:26:53.589793Z",
         *       "status": "success",
         *       "status_message": null,
         *       "steps": [
         *         {
         *           "completed_at": "2026-03-14T09:27:21.004518Z",
         *           "first_line": 1,
         *           "name": "prepare",
         *           "progress": null,
         *           "started_at": "2026-03-14T09:26:53.589793Z",
         *           "state": "done"
         *         },
         *         {
         *           "completed_at": "2026-03-14T09:27:21.004518Z",
         *           "first_line": 3,
         *           "name": "install",
         *           "progress": null,
         *           "started_at": "2026-03-14T09:26:53.589793Z",
         *           "state": "done"
         *         },
         *         {
         *           "completed_at": "2026-03-14T09:27:21.004518Z",
         *           "first_line": 20,
         *           "name": "build",
         *           "progress": null,
         *           "started_at": "2026-03-14T09:26:53.589793Z",
         *           "state": "done"
         *         },
         *         {
         *           "completed_at": "2026-03-14T09:27:21.004518Z",
         *           "first_line": null,
         *           "name": "package",
         *           "progress": null,
         *           "started_at": "2026-03-14T09:26:53.589793Z",
         *           "state": "done"
         *         },
         *         {
         *           "completed_at": "2026-03-14T09:27:21.004518Z",
         *           "first_line": null,
         *           "name": "upload",
         *           "progress": {
         *             "done": 48213,
         *             "total": 48213
         *           },
         *           "started_at": "2026-03-14T09:26:53.589793Z",
         *           "state": "done"
         *         },
         *         {
         *           "completed_at": "2026-03-14T09:27:21.004518Z",
         *           "first_line": 41,
         *           "name": "deploy",
         *           "progress": null,
         *           "started_at": "2026-03-14T09:26:53.589793Z",
         *           "state": "done"
         *         }
         *       ],
         *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
         *       "target_name": "preview",
         *       "waiting_on": null
         *     }
         */
        DeploymentView: {
            /** @description Whether what was built is stored, so that it can be deployed again or rolled back to. */
            artifact_stored: boolean;
            /** @description The branch that was named with the request. */
            branch?: string | null;
            /** @description The message that was given with the request. */
            commit_message?: string | null;
            /** Format: date-time */
            completed_at?: string | null;
            /** Format: date-time */
            created_at: string;
            created_by?: components["schemas"]["CreatorView"] | null;
            /**
             * Format: uri
             * @description Where it is live.
             */
            deployment_url?: string | null;
            /** @description It ends before the irreversible step. */
            dry_run: boolean;
            /**
             * Format: int64
             * @description Version of the target's variables it was made with.
             */
            env_version?: number | null;
            environment: components["schemas"]["Environment"];
            /** @description Why it failed. */
            error_message?: string | null;
            id: components["schemas"]["DeploymentId"];
            /** @description Whether it is what its target serves in its environment: of its releases the one that succeeded last. */
            is_live: boolean;
            kind?: components["schemas"]["ProviderKind"] | null;
            log: components["schemas"]["LogView"];
            metadata: components["schemas"]["Metadata"];
            /**
             * Format: uri
             * @description Where it can be looked at before it is live.
             */
            preview_url?: string | null;
            provider: string;
            sandbox_id: components["schemas"]["SandboxId"];
            sandbox_name: string;
            /** Format: date-time */
            started_at?: string | null;
            status: components["schemas"]["Status"];
            /** @description What happens right now. */
            status_message?: string | null;
            steps: components["schemas"]["StepView"][];
            target_id: components["schemas"]["TargetId"];
            target_name: string;
            waiting_on?: components["schemas"]["WaitingOn"] | null;
        };
        /**
         * @description A device flow that has begun.
         * @example {
         *       "device_code": "EXAMPLE-NOT-A-DEVICE-CODE",
         *       "expires_at": "2026-03-14T09:41:53.589793Z",
         *       "interval": 5,
         *       "user_code": "WDJB-MJHT",
         *       "verification_uri": "https://github.com/login/device"
         *     }
         */
        DeviceView: {
            /** @description What to poll with; the provider's own code stays here. */
            device_code: string;
            /**
             * Format: date-time
             * @description When it is over.
             */
            expires_at: string;
            /**
             * Format: int64
             * @description Seconds to wait between polls.
             */
            interval: number;
            /** @description What the person types. */
            user_code: string;
            /** @description Where they type it. */
            verification_uri: string;
        };
        /**
         * @description What became of a disconnected account.
         * @example {
         *       "credentials_id": "0199d3a5-7c11-7d22-8e33-4f5566778899",
         *       "detail": "the provider has ended the access",
         *       "revoked": true,
         *       "targets": 0
         *     }
         */
        DisconnectedView: {
            credentials_id: components["schemas"]["CredentialId"];
            /** @description What was done, or is left to do. */
            detail: string;
            /** @description Whether the provider has ended the access. */
            revoked: boolean;
            /**
             * Format: int64
             * @description Targets that have no account now.
             */
            targets: number;
        };
        /** @description What has to stand in the domain's DNS. */
        DnsRecord: {
            /** @description Where. */
            name: string;
            /** @description `CNAME`, `TXT`, `A`. */
            type: string;
            /** @description What. */
            value: string;
        };
        /**
         * @description A domain that somebody has given to what is deployed.
         * @example {
         *       "message": null,
         *       "name": "www.example.com",
         *       "records": [],
         *       "state": "active"
         *     }
         */
        Domain: {
            /** @description What the provider says about it. */
            message?: string | null;
            /** @description As it stands in DNS. */
            name: string;
            /** @description What the provider wants to see in its DNS, as far as it tells; empty when nothing is left to do. */
            records: components["schemas"]["DnsRecord"][];
            /** @description Whether it shows what is deployed. */
            state: components["schemas"]["DomainState"];
        };
        /**
         * @description Whether a domain shows what is deployed.
         * @enum {string}
         */
        DomainState: "active" | "pending" | "failed";
        /**
         * @description The domains of a target.
         * @example {
         *       "items": [
         *         {
         *           "message": null,
         *           "name": "www.example.com",
         *           "records": [
         *             {
         *               "name": "www.example.com",
         *               "type": "CNAME",
         *               "value": "cname.vercel-dns.com"
         *             }
         *           ],
         *           "state": "pending"
         *         }
         *       ]
         *     }
         */
        DomainsView: {
            items: components["schemas"]["Domain"][];
        };
        /**
         * @description A token with which one agent enrols.
         * @example {
         *       "control_plane": "https://127.0.0.1:7071",
         *       "expires_at": "2026-03-14T09:27:21.004518Z",
         *       "token": "EXAMPLE-NOT-AN-ENROLMENT-TOKEN"
         *     }
         */
        EnrollTokenView: {
            /**
             * Format: uri
             * @description For the agent's `--control-plane`.
             */
            control_plane: string;
            /** Format: date-time */
            expires_at: string;
            /** @description Single use; shown only here. */
            token: string;
        };
        /**
         * @description Where it goes, as the target's owner sees it.
         * @enum {string}
         */
        Environment: "production" | "preview" | "staging";
        /**
         * @description The environments of a project at a provider.
         * @example {
         *       "items": [
         *         {
         *           "id": "7",
         *           "name": "production",
         *           "url": "https://shop.example.com/"
         *         }
         *       ]
         *     }
         */
        EnvironmentsView: {
            items: components["schemas"]["ProviderEnvironment"][];
        };
        /**
         * @description The stream that follows a deployment. Each event has a name in `event:`, JSON in `data:`, and in `id:`
         *     the number of the last line sent before it. `log` holds a `LogEvent`, `step` a `StepView`, `status` and
         *     `done` a `StatusEvent`; after `done` the stream ends. Lines that begin with `:` keep the connection alive.
         */
        EventStream: unknown;
        /**
         * @description What goes into a tar archive, and how it is compressed. Everything may be left out.
         * @example {
         *       "compression": "zstd",
         *       "root_dir": "apps/web"
         *     }
         */
        ExportTar: {
            compression?: components["schemas"]["TarCompression"];
            /** @description Also `.git`. */
            include_git?: boolean;
            /** @description Also what ignore files leave out, dependencies and caches. */
            include_ignored?: boolean;
            /** @description Only this directory of the workspace. */
            root_dir?: string | null;
        };
        /**
         * @description Where the workspace is to be pushed.
         * @example {
         *       "commit_message": "From the sandbox",
         *       "config": {
         *         "create": true,
         *         "owner": "ada",
         *         "repo": "shop"
         *       }
         *     }
         */
        ExportToGit: {
            /** @description Of the commit that holds what is not committed. */
            commit_message?: string | null;
            /** @description As in a target of this provider: which repository, which branch, whether it is made. */
            config: Record<string, never>;
            credentials_id?: components["schemas"]["CredentialId"] | null;
        };
        /**
         * @description What goes into a ZIP archive. Everything may be left out.
         * @example {
         *       "include_git": true
         *     }
         */
        ExportZip: {
            /** @description Also `.git`. */
            include_git?: boolean;
            /** @description Also what ignore files leave out, dependencies and caches. */
            include_ignored?: boolean;
            /** @description Only this directory of the workspace. */
            root_dir?: string | null;
        };
        /**
         * @description A `.env` text to be taken over.
         * @example {
         *       "dry_run": true,
         *       "environment": "preview",
         *       "scope": "build",
         *       "secret": false,
         *       "text": "# of the build\nAPI_URL=https://api.example.com\n"
         *     }
         */
        ImportVariables: {
            /** @description Only say what would change. */
            dry_run?: boolean;
            environment?: components["schemas"]["VariableEnvironment"];
            /** @description Remove the variables of this scope and environment that are not in the text. */
            replace?: boolean;
            scope: components["schemas"]["VariableScope"];
            secret?: boolean;
            /** @description Lines of `NAME=value`, quoted or not; comments and `export` are fine. */
            text: string;
        };
        /**
         * @description What an import changes: names, never values.
         * @example {
         *       "added": [
         *         "API_URL"
         *       ],
         *       "changed": [],
         *       "dry_run": true,
         *       "removed": [],
         *       "unchanged": [],
         *       "version": 3
         *     }
         */
        ImportView: {
            added: string[];
            changed: string[];
            dry_run: boolean;
            removed: string[];
            unchanged: string[];
            /**
             * Format: int64
             * @description Of the variables after the import; of those before it for a dry run.
             */
            version: number;
        };
        /** @description Who says who somebody is. */
        IssuerView: {
            /** @description Its host. */
            name: string;
        };
        /**
         * @description One line, as in the `log` event.
         * @example {
         *       "at": "2026-03-14T09:26:54.102Z",
         *       "seq": 1,
         *       "step": "build",
         *       "stream": "stdout",
         *       "text": "built in 1.21s"
         *     }
         */
        LogEvent: {
            /** Format: date-time */
            at: string;
            /** @description Whether the next event continues this line; left out when not. */
            continued?: boolean;
            /**
             * Format: int64
             * @description Counts from 1.
             */
            seq: number;
            /** @description What was under way when it was written. */
            step: components["schemas"]["Step"];
            /** @enum {string} */
            stream: "stdout" | "stderr" | "system";
            /** @description Without the line end; may hold the escape sequences of colours. */
            text: string;
        };
        /**
         * @description Name and password.
         * @example {
         *       "name": "ada",
         *       "password": "correct horse battery staple"
         *     }
         */
        Login: {
            name: string;
            /** Format: password */
            password: string;
        };
        /**
         * @description A part of a log.
         * @example {
         *       "first_seq": 118,
         *       "is_complete": true,
         *       "last_seq": 118,
         *       "lines": [
         *         {
         *           "at": "2026-03-14T09:26:54.102Z",
         *           "seq": 118,
         *           "step": "build",
         *           "stream": "stdout",
         *           "text": "built in 1.21s"
         *         }
         *       ],
         *       "total_lines": 120
         *     }
         */
        LogRange: {
            /**
             * Format: int64
             * @description Number of the first of them; `null` when there are none.
             */
            first_seq?: number | null;
            /** @description Whether the log is whole: it will have no more lines than now. */
            is_complete: boolean;
            /**
             * Format: int64
             * @description Number of the last of them; `null` when there are none.
             */
            last_seq?: number | null;
            /** @description In order. */
            lines: components["schemas"]["LogEvent"][];
            /**
             * Format: int64
             * @description How many lines the log has now.
             */
            total_lines: number;
        };
        /** @description How much of the log is stored, and whether that is all of it. */
        LogView: {
            /** @description BLAKE3 digest, in hexadecimal, of what is stored of the build's output: each line and its end. */
            blake3?: string | null;
            /**
             * Format: int64
             * @description Bytes that the build printed and that are stored.
             */
            bytes: number;
            /**
             * @description Whether the stored log is, byte for byte, what the agent counted and digested while it was printed. Known
             *     once the log is finished.
             */
            complete?: boolean | null;
            /** Format: int64 */
            dropped_bytes: number;
            /**
             * Format: int64
             * @description Lines that the build printed and that were not kept, because the log was full; a line in the log says where.
             */
            dropped_lines: number;
            /**
             * Format: int64
             * @description Lines that are stored, those of the control plane included.
             */
            lines: number;
            /**
             * Format: date-time
             * @description When the log was removed because of its age. What is counted here was removed then.
             */
            removed_at?: string | null;
        };
        /**
         * @description How a hook is to be made.
         * @example {
         *       "scheme": "signature"
         *     }
         */
        MakeWebhook: {
            /** @description Whether we enter it at the provider; if it lets us, unless said. */
            register?: boolean | null;
            scheme?: components["schemas"]["WebhookScheme"] | null;
        };
        /**
         * @description Somebody in a team.
         * @example {
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "name": "ada",
         *       "role": "deployer",
         *       "user_id": "0199d3a4-1122-7334-8556-6778899aabbc"
         *     }
         */
        MemberView: {
            /**
             * Format: date-time
             * @description Since when.
             */
            created_at: string;
            name: string;
            role: components["schemas"]["Role"];
            user_id: components["schemas"]["UserId"];
        };
        /** @description What became known on the way. Further members may come. */
        Metadata: {
            alarm?: components["schemas"]["Alarm"] | null;
            artifact?: components["schemas"]["ArtifactSummary"] | null;
            /** @description Somebody asked to cancel when the provider had published it already. */
            cancel_too_late?: boolean | null;
            /** @description It was cancelled, and the agent did not say that its processes have ended. */
            cancel_unconfirmed?: boolean | null;
            /**
             * Format: int32
             * @description Of the command that failed.
             */
            exit_code?: number | null;
            /** @description Which kind of failure the agent reported. */
            failure_code?: string | null;
            plan?: components["schemas"]["PlanView"] | null;
            rebuild_of?: components["schemas"]["DeploymentId"] | null;
            redeploy_of?: components["schemas"]["DeploymentId"] | null;
            rollback_of?: components["schemas"]["DeploymentId"] | null;
            rollback_to?: components["schemas"]["DeploymentId"] | null;
            /**
             * Format: int32
             * @description Processes that outlived a cancelled build.
             */
            surviving_processes?: number | null;
        };
        /**
         * @description Whoever asks.
         * @example {
         *       "csrf_token": null,
         *       "id": "0199d3a4-1122-7334-8556-6778899aabbc",
         *       "is_admin": true,
         *       "name": "ada",
         *       "scopes": [
         *         "read",
         *         "deploy",
         *         "targets",
         *         "accounts",
         *         "admin"
         *       ],
         *       "teams": [
         *         {
         *           "id": "0199d3a4-5566-7788-99aa-bbccddeeff00",
         *           "role": "maintainer"
         *         }
         *       ]
         *     }
         */
        MeView: {
            /**
             * @description To be sent as `X-CSRF-Token` with every request that changes something; `null` when the request
             *     used a token.
             */
            csrf_token?: string | null;
            id: components["schemas"]["UserId"];
            /** @description Whether they administer the installation. */
            is_admin: boolean;
            name: string;
            /** @description How far the credential of this request reaches. */
            scopes: components["schemas"]["Scope"][];
            teams: components["schemas"]["RoleView"][];
        };
        /** @description The workspace a project belongs to. */
        MonorepoView: {
            /** @description Directories of the packages, relative to the workspace. */
            packages: string[];
            /** @description `npm`, `pnpm`, `yarn`, … */
            tool: string;
        };
        /**
         * @description A token that was just made.
         * @example {
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "expires_at": "2026-04-13T09:26:53.589793Z",
         *       "id": "0199d3a4-9abc-7def-8123-456789abcdef",
         *       "name": "release job",
         *       "scopes": [
         *         "read",
         *         "deploy"
         *       ],
         *       "token": "slw_EXAMPLE-NOT-A-TOKEN"
         *     }
         */
        NewTokenView: {
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            id: components["schemas"]["ApiTokenId"];
            name: string;
            scopes: components["schemas"]["Scope"][];
            /** @description Shown only here. */
            token: string;
        };
        /**
         * @description A new hook, as it has to be entered at the provider, unless we have done that.
         * @example {
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "is_registered": false,
         *       "scheme": "signature",
         *       "secret": "EXAMPLE-NOT-A-WEBHOOK-SECRET",
         *       "url": "https://deploy.example.com/api/webhooks/github?hook=0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a77"
         *     }
         */
        NewWebhookView: {
            /** Format: date-time */
            created_at: string;
            /** @description Whether it was entered at the provider by us. */
            is_registered: boolean;
            scheme: components["schemas"]["WebhookScheme"];
            /** @description With what it proves them; shown only here. `null` for a hook that was entered at the provider by us. */
            secret?: string | null;
            /**
             * Format: uri
             * @description Where the provider is to send deliveries, as JSON.
             */
            url: string;
        };
        /** @description Part of a list. */
        Page_AuditView: {
            items: components["schemas"]["AuditView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description Part of a list. */
        Page_DeploymentView: {
            items: components["schemas"]["DeploymentView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description Part of a list. */
        Page_MemberView: {
            items: components["schemas"]["MemberView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description Part of a list. */
        Page_SandboxView: {
            items: components["schemas"]["SandboxView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description Part of a list. */
        Page_TargetView: {
            items: components["schemas"]["TargetView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description Part of a list. */
        Page_TeamView: {
            items: components["schemas"]["TeamView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description Part of a list. */
        Page_TokenView: {
            items: components["schemas"]["TokenView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description Part of a list. */
        Page_UserView: {
            items: components["schemas"]["UserView"][];
            /** @description Where the next page begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /**
         * @description A device flow in which the person has not agreed yet.
         * @example {
         *       "interval": 5,
         *       "status": "authorization_pending"
         *     }
         */
        PendingView: {
            /**
             * Format: int64
             * @description Seconds to wait before the next question; earlier ones are answered without asking the provider.
             */
            interval: number;
            /** @description Always `authorization_pending`. */
            status: string;
        };
        /** @description What a credential may or may not do for a target. */
        Permission: {
            /** @description Whether it may; `null` when the provider does not tell before it is tried. */
            allowed?: boolean | null;
            /** @description To do what. */
            what: string;
            /** @description Why, and what to do. */
            why: string;
        };
        /**
         * @description What would be built and how. Every setting says in `sources` where it came from.
         * @example {
         *       "alternatives": [
         *         {
         *           "confidence": 0.2,
         *           "framework": "none",
         *           "root_dir": "docs"
         *         }
         *       ],
         *       "build_command": "npm run build",
         *       "confidence": 0.98,
         *       "deployable": [
         *         "static",
         *         "git"
         *       ],
         *       "evidence": [
         *         "package.json depends on vite",
         *         "vite.config.ts is there"
         *       ],
         *       "framework": "vite",
         *       "install_command": "npm ci",
         *       "kind": "static",
         *       "monorepo": null,
         *       "output_dir": "dist",
         *       "package_manager": "npm",
         *       "root_dir": ".",
         *       "routing": "single-page",
         *       "runtime_versions": {
         *         "node": ">=20"
         *       },
         *       "sources": {
         *         "build_command": "package.json",
         *         "install_command": "framework",
         *         "output_dir": "framework"
         *       },
         *       "start_command": null,
         *       "warnings": []
         *     }
         */
        PlanView: {
            /** @description What else it could be, best first. */
            alternatives: components["schemas"]["AlternativeView"][];
            /** @description Run in `root_dir`. */
            build_command?: string | null;
            /** Format: float */
            confidence: number;
            /** @description The forms it can be deployed in, most fitting first. */
            deployable: ("static" | "container" | "package" | "git")[];
            /** @description Why, in words: file, key and value. */
            evidence: string[];
            /** @description Slug of the framework; `none` when no rule knows it, `custom` when the user says how it is built. */
            framework: string;
            /** @description Run in the directory that holds the lock file. */
            install_command?: string | null;
            /**
             * @description What the project is for.
             * @enum {string}
             */
            kind: "static" | "ssr-server" | "backend-service" | "package" | "container" | "unknown";
            monorepo?: components["schemas"]["MonorepoView"] | null;
            /** @description Where the output appears, relative to `root_dir`. */
            output_dir: string;
            /** @description `npm`, `pnpm`, `yarn`, …; `null` when the project needs none. */
            package_manager?: string | null;
            /** @description Directory of the project inside the workspace, `.` for the workspace itself. */
            root_dir: string;
            /**
             * @description `single-page`: paths without a file are answered with `index.html`.
             * @enum {string}
             */
            routing: "pages" | "single-page";
            /** @description Wanted versions by runtime. */
            runtime_versions: {
                [key: string]: string;
            };
            /** @description Where each setting came from: `request`, `target`, `framework`, or a file of the project. */
            sources: {
                build_command?: string;
                framework?: string;
                install_command?: string;
                output_dir?: string;
                root_dir?: string;
                start_command?: string;
            };
            /** @description Serves the result, for kinds that need it. */
            start_command?: string | null;
            /** @description What stands in the way or was assumed: broken files, contradicting lock files, missing runtimes. */
            warnings: string[];
        };
        /** @description The body of every error answer. */
        Problem: {
            /**
             * @description Stable, for programs.
             * @enum {string}
             */
            code: "invalid_input" | "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "conflict" | "precondition_failed" | "too_large" | "unsupported_media_type" | "rate_limited" | "quota_exceeded" | "unavailable" | "internal";
            /** @description One sentence: the cause and the way out. */
            detail: string;
            /**
             * Format: uuid
             * @description The request's `X-Request-Id`; the server's log has it beside what went wrong.
             */
            request_id?: string | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The HTTP status in words. */
            title: string;
            /** @description Always `about:blank`: the `code` tells the kind. */
            type: string;
        };
        /** @description How far a step is, in its unit (bytes for `upload`). */
        ProgressView: {
            /** Format: int64 */
            done: number;
            /** Format: int64 */
            total: number;
        };
        /** @description Something at a provider that a target can be for. */
        Project: {
            /** @description What it adds to a target's `config`. */
            config: {
                [key: string]: unknown;
            };
            /** @description As the provider identifies it. */
            id: string;
            /** @description As people call it, with its owner. */
            name: string;
            /** @description Where it can be looked at. */
            url?: string | null;
        };
        /**
         * @description Part of the projects at a provider.
         * @example {
         *       "items": [
         *         {
         *           "config": {
         *             "branch": "main",
         *             "owner": "ada",
         *             "repo": "shop"
         *           },
         *           "id": "1296269",
         *           "name": "ada/shop",
         *           "url": "https://github.com/ada/shop"
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        ProjectsView: {
            items: components["schemas"]["Project"][];
            /** @description Where the next part begins; `null` at the end. */
            next_cursor?: string | null;
        };
        /** @description An environment of a project at a provider. */
        ProviderEnvironment: {
            /** @description As the provider identifies it. */
            id: string;
            /** @description As people call it. */
            name: string;
            /** @description Where it can be visited. */
            url?: string | null;
        };
        /**
         * @description What a provider takes, in general.
         * @enum {string}
         */
        ProviderKind: "git" | "static" | "container" | "package";
        /**
         * @description All providers of this installation.
         * @example {
         *       "items": [
         *         {
         *           "accepts": [
         *             "git"
         *           ],
         *           "auth": [
         *             "token",
         *             "device",
         *             "oauth"
         *           ],
         *           "auth_configured": [
         *             "token"
         *           ],
         *           "capabilities": {
         *             "cancel": false,
         *             "delete": false,
         *             "domains": false,
         *             "env_vars": false,
         *             "environments": true,
         *             "projects": true,
         *             "rollback": true,
         *             "webhooks": false
         *           },
         *           "config_schema": {
         *             "properties": {
         *               "owner": {
         *                 "type": "string"
         *               }
         *             },
         *             "required": [
         *               "owner"
         *             ],
         *             "type": "object"
         *           },
         *           "docs_url": "https://docs.github.com/",
         *           "id": "github",
         *           "kind": "git",
         *           "name": "GitHub",
         *           "scopes": [
         *             "repo",
         *             "workflow"
         *           ]
         *         }
         *       ]
         *     }
         */
        ProvidersView: {
            items: components["schemas"]["ProviderView"][];
        };
        /** @description A provider and what it can do. */
        ProviderView: {
            /** @description What it can be given. */
            accepts: components["schemas"]["Accepts"][];
            /** @description How accounts are connected; empty for providers that need none. */
            auth: components["schemas"]["AuthMethod"][];
            /** @description Those of `auth` that work in this installation: some need a client of it at the provider. */
            auth_configured: components["schemas"]["AuthMethod"][];
            capabilities: components["schemas"]["Capabilities"];
            /** @description JSON Schema (2020-12) of the provider's own settings in a target's `config`. */
            config_schema: Record<string, never>;
            /** @description Where the vendor explains how one gets access. */
            docs_url?: string | null;
            /** @description As in targets and paths. */
            id: string;
            kind: components["schemas"]["ProviderKind"];
            /** @description As people call it. */
            name: string;
            /** @description What an account must be allowed there. */
            scopes: string[];
        };
        /**
         * @description How to deploy it again.
         * @example {
         *       "rebuild": true
         *     }
         */
        Redeploy: {
            /**
             * @description Build the sandbox again as it was asked for then, with the target and its variables as they are now.
             *     Without it the stored artifact is published: the same bits. Variables that came with the request
             *     (`env`) are not kept and must be given with a new deployment.
             */
            rebuild?: boolean;
        };
        /**
         * @description What a member may do in a team. Each role includes the ones before it.
         * @enum {string}
         */
        Role: "viewer" | "deployer" | "maintainer" | "admin";
        /** @description A role in a team. */
        RoleView: {
            id: components["schemas"]["TeamId"];
            role: components["schemas"]["Role"];
        };
        /**
         * @description Where to go back to.
         * @example {
         *       "to": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d"
         *     }
         */
        Rollback: {
            to?: components["schemas"]["DeploymentId"] | null;
        };
        /**
         * Format: uuid
         * @description Identifies a sandbox.
         */
        SandboxId: string;
        /**
         * @description A sandbox as the API shows it.
         * @example {
         *       "agent_version": "0.1.0",
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
         *       "labels": {
         *         "project": "shop"
         *       },
         *       "last_seen_at": "2026-03-14T09:27:21.004518Z",
         *       "name": "shop",
         *       "status": "online",
         *       "team_id": null
         *     }
         */
        SandboxView: {
            /** @description Of the agent that was last connected. */
            agent_version?: string | null;
            /** Format: date-time */
            created_at: string;
            id: components["schemas"]["SandboxId"];
            /** @description Anything one likes to find it by. */
            labels: {
                [key: string]: string;
            };
            /** Format: date-time */
            last_seen_at?: string | null;
            name: string;
            /** @enum {string} */
            status: "offline" | "online" | "quarantined" | "revoked";
            team_id?: components["schemas"]["TeamId"] | null;
        };
        /**
         * @description What an API token is for. Each scope includes reading; `admin` includes all.
         * @enum {string}
         */
        Scope: "read" | "deploy" | "targets" | "accounts" | "admin";
        /** @description Which credential, never its value. */
        SeenCredential: {
            /** Format: uuid */
            id: string;
            label: string;
            provider: string;
        };
        /**
         * @description What a member may do.
         * @example {
         *       "role": "deployer"
         *     }
         */
        SetMember: {
            role: components["schemas"]["Role"];
        };
        /**
         * @description The first person.
         * @example {
         *       "name": "ada",
         *       "password": "correct horse battery staple",
         *       "token": "the-token-of-the-link"
         *     }
         */
        Setup: {
            name: string;
            /** Format: password */
            password: string;
            /** @description From the link that `slipway serve` printed. */
            token: string;
        };
        /**
         * @description The variables a target is to have.
         * @example {
         *       "merge": true,
         *       "variables": [
         *         {
         *           "environment": "preview",
         *           "name": "API_URL",
         *           "scope": "build",
         *           "secret": false,
         *           "value": "https://api.example.com"
         *         }
         *       ]
         *     }
         */
        SetVariables: {
            /** @description Leave variables that are not named as they are, instead of removing them. */
            merge?: boolean;
            /** @description Each name once for the same scope and environment. */
            variables: components["schemas"]["VariableInput"][];
        };
        /**
         * @description Who signed in.
         * @example {
         *       "csrf_token": "the-csrf-token-of-this-session",
         *       "id": "0199d3a4-1122-7334-8556-6778899aabbc",
         *       "is_admin": true,
         *       "name": "ada"
         *     }
         */
        SignedInView: {
            /** @description To be sent as `X-CSRF-Token` with every request that changes something. */
            csrf_token: string;
            id: components["schemas"]["UserId"];
            /** @description Whether they administer the installation. */
            is_admin: boolean;
            name: string;
        };
        /**
         * @description The ways to sign in.
         * @example {
         *       "oidc": {
         *         "name": "login.example.com"
         *       },
         *       "password": true
         *     }
         */
        SignInMethodsView: {
            oidc?: components["schemas"]["IssuerView"] | null;
            /** @description Whether anybody here has a password. */
            password: boolean;
        };
        /**
         * @description Whose account a device flow is to connect.
         * @example {
         *       "label": "work"
         *     }
         */
        StartDevice: {
            /** @description What to call it; the account's name at the provider when left out. */
            label?: string | null;
            team_id?: components["schemas"]["TeamId"] | null;
        };
        /**
         * @description Where a deployment stands, as people and the API see it.
         * @enum {string}
         */
        Status: "pending" | "building" | "uploading" | "deploying" | "success" | "failed" | "cancelled";
        /**
         * @description Where the deployment stands, as in the events `status` and `done`.
         * @example {
         *       "deployment_url": null,
         *       "error_message": null,
         *       "preview_url": null,
         *       "status": "building",
         *       "status_message": null,
         *       "waiting_on": null
         *     }
         */
        StatusEvent: {
            /** Format: uri */
            deployment_url?: string | null;
            error_message?: string | null;
            /** Format: uri */
            preview_url?: string | null;
            status: components["schemas"]["Status"];
            status_message?: string | null;
            waiting_on?: components["schemas"]["WaitingOn"] | null;
        };
        /**
         * @description A step shown to people.
         * @enum {string}
         */
        Step: "prepare" | "install" | "build" | "package" | "upload" | "deploy";
        /**
         * @description How far a step is.
         * @enum {string}
         */
        StepState: "pending" | "running" | "done" | "skipped" | "failed" | "cancelled";
        /** @description A step as the API shows it. */
        StepView: {
            /** Format: date-time */
            completed_at?: string | null;
            /**
             * Format: int64
             * @description Number of the first line of the log that was written since it began; `null` while there is none. A line is of the
             *     last step that begins there or before.
             */
            first_line?: number | null;
            name: components["schemas"]["Step"];
            progress?: components["schemas"]["ProgressView"] | null;
            /** Format: date-time */
            started_at?: string | null;
            state: components["schemas"]["StepState"];
        };
        /** @description What it is about. */
        SubjectView: {
            /** Format: uuid */
            id: string;
            /** @description `sandbox`, `target`, `deployment`, `token`, `team`, `user`, `credential`. */
            kind: string;
        };
        /**
         * @description `none` makes a `.tar`, `gzip` a `.tar.gz`, `zstd` a `.tar.zst`.
         * @enum {string}
         */
        TarCompression: "none" | "gzip" | "zstd";
        /**
         * Format: uuid
         * @description Identifies a deployment target.
         */
        TargetId: string;
        /**
         * @description What a target's account may do.
         * @example {
         *       "account": "ada",
         *       "checks": [
         *         {
         *           "allowed": true,
         *           "detail": "the credential is ada, with repo, workflow",
         *           "what": "account"
         *         },
         *         {
         *           "allowed": true,
         *           "detail": "the branch is made with the first deployment",
         *           "what": "push"
         *         }
         *       ],
         *       "ok": true,
         *       "permissions": [
         *         {
         *           "allowed": false,
         *           "what": "push workflow files",
         *           "why": "the token lacks the scope `workflow`"
         *         }
         *       ]
         *     }
         */
        TargetTest: {
            /** @description Its name at the provider; `null` for providers that need none. */
            account?: string | null;
            /** @description What was tried, in this order; it ends with the first that is not allowed. */
            checks: components["schemas"]["Check"][];
            /** @description Whether a deployment can be expected to succeed. */
            ok: boolean;
            /** @description What the provider tells of the account's rights there, also of those that not every deployment needs. */
            permissions: components["schemas"]["Permission"][];
        };
        /**
         * @description A target as the API shows it.
         * @example {
         *       "config": {
         *         "build_command": "npm run build:site"
         *       },
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "credentials_id": null,
         *       "id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
         *       "is_default": true,
         *       "name": "preview",
         *       "provider": "local",
         *       "team_id": null,
         *       "updated_at": "2026-03-14T09:26:53.589793Z"
         *     }
         */
        TargetView: {
            /** @description Settings of the provider (`local` has none), and how projects are built for this target. */
            config: {
                /** @description How it is built. */
                build_command?: string;
                /** @description Slug of the framework whose rules apply. */
                framework?: string;
                /** @description How dependencies are installed. */
                install_command?: string;
                /** @description Where the output appears, relative to `root_dir`. */
                output_dir?: string;
                /** @description Directory of the project inside the workspace. */
                root_dir?: string;
            } & {
                [key: string]: unknown;
            };
            /** Format: date-time */
            created_at: string;
            credentials_id?: components["schemas"]["CredentialId"] | null;
            id: components["schemas"]["TargetId"];
            is_default: boolean;
            name: string;
            provider: string;
            team_id?: components["schemas"]["TeamId"] | null;
            /** Format: date-time */
            updated_at: string;
        };
        /**
         * @description Whether a target has a hook.
         * @example {
         *       "webhook": {
         *         "created_at": "2026-03-14T09:26:53.589793Z",
         *         "is_registered": false,
         *         "last_delivery_at": null,
         *         "scheme": "signature",
         *         "url": "https://deploy.example.com/api/webhooks/github?hook=0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a77"
         *       }
         *     }
         */
        TargetWebhook: {
            webhook?: components["schemas"]["WebhookView"] | null;
        };
        /**
         * Format: uuid
         * @description Identifies a team.
         */
        TeamId: string;
        /**
         * @description A team as a member sees it.
         * @example {
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "id": "0199d3a4-5566-7788-99aa-bbccddeeff00",
         *       "issuer": null,
         *       "name": "shop",
         *       "role": "admin"
         *     }
         */
        TeamView: {
            /** Format: date-time */
            created_at: string;
            id: components["schemas"]["TeamId"];
            /** @description The issuer of trusted JWTs that says who its members are; `null` for a team that was made here. */
            issuer?: string | null;
            name: string;
            role?: components["schemas"]["Role"] | null;
        };
        /**
         * @description A token as the API shows it.
         * @example {
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "expires_at": "2026-04-13T09:26:53.589793Z",
         *       "id": "0199d3a4-9abc-7def-8123-456789abcdef",
         *       "last_used_at": null,
         *       "name": "release job",
         *       "scopes": [
         *         "read",
         *         "deploy"
         *       ]
         *     }
         */
        TokenView: {
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description `null` for tokens that were made on the command line and never end.
             */
            expires_at?: string | null;
            id: components["schemas"]["ApiTokenId"];
            /**
             * Format: date-time
             * @description To the minute.
             */
            last_used_at?: string | null;
            name: string;
            scopes: components["schemas"]["Scope"][];
        };
        /**
         * @description Changes to a sandbox; what is left out stays.
         * @example {
         *       "name": "web shop"
         *     }
         */
        UpdateSandbox: {
            /** @description Anything one likes to find it by. */
            labels?: {
                [key: string]: string;
            } | null;
            name?: string | null;
            status?: components["schemas"]["WantedStatus"] | null;
        };
        /**
         * @description A target's new state; the provider cannot change.
         * @example {
         *       "is_default": true,
         *       "name": "staging"
         *     }
         */
        UpdateTarget: {
            /** @description Settings of the provider (`local` has none), and how projects are built for this target. */
            config?: ({
                /** @description How it is built. */
                build_command?: string;
                /** @description Slug of the framework whose rules apply. */
                framework?: string;
                /** @description How dependencies are installed. */
                install_command?: string;
                /** @description Where the output appears, relative to `root_dir`. */
                output_dir?: string;
                /** @description Directory of the project inside the workspace. */
                root_dir?: string;
            } & {
                [key: string]: unknown;
            }) | null;
            credentials_id?: components["schemas"]["CredentialId"] | null;
            is_default?: boolean | null;
            name?: string | null;
        };
        /**
         * @description Changes to a team.
         * @example {
         *       "name": "web shop"
         *     }
         */
        UpdateTeam: {
            name?: string | null;
        };
        /**
         * Format: uuid
         * @description Identifies an account that owns records: a person, or a team by its [`TeamId`].
         */
        UserId: string;
        /**
         * @description A person as an administrator sees them.
         * @example {
         *       "created_at": "2026-03-14T09:26:53.589793Z",
         *       "disabled_at": null,
         *       "has_password": true,
         *       "id": "0199d3a4-1122-7334-8556-6778899aabbc",
         *       "is_admin": true,
         *       "name": "ada"
         *     }
         */
        UserView: {
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When they were shut out.
             */
            disabled_at?: string | null;
            /** @description Whether they can sign in with a password. */
            has_password: boolean;
            id: components["schemas"]["UserId"];
            is_admin: boolean;
            name: string;
        };
        /**
         * @description For which deployments a variable is.
         * @enum {string}
         */
        VariableEnvironment: "all" | "production" | "preview" | "staging";
        /** @description A variable to be set. */
        VariableInput: {
            /** @description For which deployments; their own value goes before the one for `all`. */
            environment?: components["schemas"]["VariableEnvironment"];
            /** @description Names that change how programs start, as `LD_PRELOAD`, are refused for builds. */
            name: string;
            /** @description `build`: enters the sandbox. `runtime`: goes to the provider only. */
            scope: components["schemas"]["VariableScope"];
            /** @description A secret is never shown again, and masked in logs. */
            secret?: boolean;
            /** @description Left out: a variable that is there keeps its value. */
            value?: string | null;
        };
        /**
         * @description Who gets a variable.
         * @enum {string}
         */
        VariableScope: "build" | "runtime";
        /**
         * @description All variables of a target.
         * @example {
         *       "deployed_version": 2,
         *       "variables": [
         *         {
         *           "environment": "preview",
         *           "name": "API_URL",
         *           "scope": "build",
         *           "secret": false,
         *           "updated_at": "2026-03-14T09:26:53.589793Z",
         *           "value": "https://api.example.com"
         *         },
         *         {
         *           "environment": "all",
         *           "name": "API_TOKEN",
         *           "scope": "build",
         *           "secret": true,
         *           "updated_at": "2026-03-14T09:26:53.589793Z",
         *           "value": null
         *         }
         *       ],
         *       "version": 3
         *     }
         */
        VariablesView: {
            /**
             * Format: int64
             * @description The version that the latest release of the target was made with, in any environment; `null` when there is none.
             */
            deployed_version?: number | null;
            variables: components["schemas"]["VariableView"][];
            /**
             * Format: int64
             * @description Grows with each change; also the `ETag`.
             */
            version: number;
        };
        /** @description A variable as the API shows it. */
        VariableView: {
            environment: components["schemas"]["VariableEnvironment"];
            name: string;
            scope: components["schemas"]["VariableScope"];
            secret: boolean;
            /** Format: date-time */
            updated_at: string;
            /** @description `null` for a secret. */
            value?: string | null;
        };
        /** @description Somebody who must do something at the provider before it goes on: agree, or prove who they are. */
        WaitingOn: {
            /** @description What is to be done, in a sentence. */
            text: string;
            /**
             * Format: uri
             * @description Where.
             */
            url?: string | null;
        };
        /** @enum {string} */
        WantedStatus: "active" | "revoked";
        /**
         * @description What a provider sends, in its own form.
         * @example {
         *       "zen": "Design for failure."
         *     }
         */
        WebhookDelivery: unknown;
        /**
         * @description How deliveries are proven.
         * @enum {string}
         */
        WebhookScheme: "signature" | "token";
        /** @description The hook of a target. */
        WebhookView: {
            /** Format: date-time */
            created_at: string;
            /** @description Whether it was entered at the provider by us; otherwise somebody has to. */
            is_registered: boolean;
            /**
             * Format: date-time
             * @description When a delivery was last taken.
             */
            last_delivery_at?: string | null;
            scheme: components["schemas"]["WebhookScheme"];
            /**
             * Format: uri
             * @description Where the provider sends deliveries.
             */
            url: string;
        };
    };
    responses: {
        /** @description the first request with this `Idempotency-Key` is under way */
        conflict: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "conflict",
                 *       "detail": "the first request with this `Idempotency-Key` is under way",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 409,
                 *       "title": "Conflict",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description the caller, or the token they sent, may not do this */
        forbidden: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "forbidden",
                 *       "detail": "the caller, or the token they sent, may not do this",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 403,
                 *       "title": "Forbidden",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description a defect; the server's log has the details */
        internal: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "internal",
                 *       "detail": "a defect; the server's log has the details",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 500,
                 *       "title": "Internal Server Error",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description the body, a parameter or a header is not as described; `detail` names it */
        invalid_input: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "invalid_input",
                 *       "detail": "the body, a parameter or a header is not as described; `detail` names it",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 422,
                 *       "title": "Unprocessable Entity",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description the path does not answer this method */
        method_not_allowed: {
            headers: {
                Allow: components["headers"]["Allow"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "method_not_allowed",
                 *       "detail": "the path does not answer this method",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 405,
                 *       "title": "Method Not Allowed",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description there is no such record, or it is somebody else's */
        not_found: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "not_found",
                 *       "detail": "there is no such record, or it is somebody else's",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 404,
                 *       "title": "Not Found",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description the record is no longer as `If-Match` says; read it again */
        precondition_failed: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "precondition_failed",
                 *       "detail": "the record is no longer as `If-Match` says; read it again",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 412,
                 *       "title": "Precondition Failed",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description the account has used up what it may use; `Retry-After`, if there is one, says when there is more */
        quota_exceeded: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "quota_exceeded",
                 *       "detail": "the account has used up what it may use; `Retry-After`, if there is one, says when there is more",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 429,
                 *       "title": "Too Many Requests",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description too many requests; `Retry-After` says when to try again */
        rate_limited: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "rate_limited",
                 *       "detail": "too many requests; `Retry-After` says when to try again",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 429,
                 *       "title": "Too Many Requests",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description the body is too large */
        too_large: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "too_large",
                 *       "detail": "the body is too large",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 413,
                 *       "title": "Payload Too Large",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description no valid token, JWT or session came with the request */
        unauthenticated: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "unauthenticated",
                 *       "detail": "no valid token, JWT or session came with the request",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 401,
                 *       "title": "Unauthorized",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description something this needs is away, or took too long; try again later */
        unavailable: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "unavailable",
                 *       "detail": "something this needs is away, or took too long; try again later",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 503,
                 *       "title": "Service Unavailable",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description the body is not sent as `Content-Type: application/json` */
        unsupported_media_type: {
            headers: {
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "code": "unsupported_media_type",
                 *       "detail": "the body is not sent as `Content-Type: application/json`",
                 *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                 *       "status": 415,
                 *       "title": "Unsupported Media Type",
                 *       "type": "about:blank"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /**
         * @description The methods that the path answers.
         * @example GET,HEAD
         */
        Allow: string;
        /**
         * @description How the record is, for `If-Match`.
         * @example "5f1d7a84db00d2fce00b31a7"
         */
        ETag: string;
        /**
         * @description This is the first answer again, because the `Idempotency-Key` was used before.
         * @example true
         */
        "Idempotent-Replayed": "true";
        /**
         * @description How many requests are left and for how many seconds; absent where there is no limit.
         * @example "user";r=598;t=60
         */
        RateLimit: string;
        /**
         * @description How many requests may come in how many seconds.
         * @example "user";q=600;w=60
         */
        "RateLimit-Policy": string;
        /**
         * @description In how many seconds to try again.
         * @example 30
         */
        "Retry-After": number;
        /**
         * @description How to authenticate.
         * @example Bearer
         */
        "WWW-Authenticate": string;
        /**
         * @description Names this request, also in the server's log.
         * @example 0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f
         */
        "X-Request-Id": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_about: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description this installation */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "version": "0.1.0"
                     *     }
                     */
                    "application/json": components["schemas"]["AboutView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_audit: {
        parameters: {
            query?: {
                /**
                 * @description An action, or the beginning of some: `target.` is all about targets.
                 * @example target.
                 */
                action?: string;
                /** @description Done by this user, or by the agent of this sandbox. */
                actor?: string;
                /** @description Everybody's rows, and those about nobody's records. For administrators of the installation. */
                all?: boolean;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `ndjson` downloads every row, one JSON object per line. */
                format?: "ndjson";
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
                /** @description How it ended. */
                outcome?: "done" | "denied" | "failed" | "unknown";
                /** @description Of the request with this `X-Request-Id`. */
                request_id?: string;
                /**
                 * @description Begun then or later (RFC 3339).
                 * @example 2026-01-01T00:00:00Z
                 */
                since?: string;
                /** @description About the record with this id. */
                subject?: string;
                /** @description About records of this team. */
                team_id?: components["schemas"]["TeamId"];
                /**
                 * @description Begun before.
                 * @example 2026-02-01T00:00:00Z
                 */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page, or with `format=ndjson` a row per line */
            200: {
                headers: {
                    /** @description with `format=ndjson`: a file to save */
                    "Content-Disposition"?: string | null;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "account_id": "0198c5a2-0000-7000-8000-000000000001",
                     *           "action": "target.create",
                     *           "actor": {
                     *             "id": "0198c5a2-0000-7000-8000-000000000001",
                     *             "kind": "user",
                     *             "name": "ada",
                     *             "signed_in_with": "token",
                     *             "token_id": "0198c5a2-0000-7000-8000-000000000002"
                     *           },
                     *           "address": "203.0.113.7",
                     *           "at": "2026-01-20T09:30:00.123456Z",
                     *           "completed_at": "2026-01-20T09:30:00.125890Z",
                     *           "details": {
                     *             "name": "shop",
                     *             "provider": "local"
                     *           },
                     *           "error_code": null,
                     *           "id": "0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a10",
                     *           "outcome": "done",
                     *           "request_id": "0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a0f",
                     *           "subject": {
                     *             "id": "0198c5a2-0000-7000-8000-000000000003",
                     *             "kind": "target"
                     *           }
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_AuditView"];
                    /** @example {"id":"0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a10","at":"2026-01-20T09:30:00.123456Z","action":"sign_out","actor":{"kind":"user","id":"0198c5a2-0000-7000-8000-000000000001","name":"ada","signed_in_with":"session","token_id":null},"address":"203.0.113.7","request_id":"0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a0f","account_id":"0198c5a2-0000-7000-8000-000000000001","subject":null,"details":{},"outcome":"done","error_code":null,"completed_at":"2026-01-20T09:30:00.125890Z"} */
                    "application/x-ndjson": string;
                };
            };
            401: components["responses"]["unauthenticated"];
            /** @description the token lacks the scope `admin`, the caller is no admin of the team, or, with `all`, of the installation */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "forbidden",
                     *       "detail": "the token lacks the scope `admin`, the caller is no admin of the team, or, with `all`, of the installation",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 403,
                     *       "title": "Forbidden",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description there is no such team */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such team",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description a filter cannot be read */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "a filter cannot be read",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "ada",
                 *       "password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description who signed in */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description the session */
                    "Set-Cookie"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "csrf_token": "the-csrf-token-of-this-session",
                     *       "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *       "is_admin": true,
                     *       "name": "ada"
                     *     }
                     */
                    "application/json": components["schemas"]["SignedInView"];
                };
            };
            /** @description name or password is wrong */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unauthenticated",
                     *       "detail": "name or password is wrong",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 401,
                     *       "title": "Unauthorized",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description another site sent it */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "forbidden",
                     *       "detail": "another site sent it",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 403,
                     *       "title": "Forbidden",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            /** @description too many attempts; `Retry-After` says when to try again */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "rate_limited",
                     *       "detail": "too many attempts; `Retry-After` says when to try again",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 429,
                     *       "title": "Too Many Requests",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the session has ended */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description takes the cookie away */
                    "Set-Cookie"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description the request came with a token, so there is no session to end */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "the request came with a token, so there is no session to end",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_sign_in_methods: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description those that work */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "oidc": {
                     *         "name": "login.example.com"
                     *       },
                     *       "password": true
                     *     }
                     */
                    "application/json": components["schemas"]["SignInMethodsView"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    start_oidc_sign_in: {
        parameters: {
            query?: {
                /** @description A path on this site. */
                return_to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description to the issuer */
            303: {
                headers: {
                    /** @description the issuer's page */
                    Location?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description ties the sign-in to this browser */
                    "Set-Cookie"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no issuer is configured */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "no issuer is configured",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description the issuer does not answer */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the issuer does not answer",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    finish_oidc_sign_in: {
        parameters: {
            query?: {
                /** @description To be exchanged for the ID token. */
                code?: string;
                /** @description Why there is no code. */
                error?: string;
                /** @description Who answers (RFC 9207). */
                iss?: string;
                /** @description As we sent it. */
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description signed in; to where one wanted to go */
            303: {
                headers: {
                    /** @description a path on this site */
                    Location?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description the session */
                    "Set-Cookie"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description the sign-in was not begun in this browser, or the issuer did not confirm it */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unauthenticated",
                     *       "detail": "the sign-in was not begun in this browser, or the issuer did not confirm it",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 401,
                     *       "title": "Unauthorized",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not among those who may sign in */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "forbidden",
                     *       "detail": "not among those who may sign in",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 403,
                     *       "title": "Forbidden",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no issuer is configured */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "no issuer is configured",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description the issuer does not answer */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the issuer does not answer",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    set_up: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "ada",
                 *       "password": "correct horse battery staple",
                 *       "token": "the-token-of-the-link"
                 *     }
                 */
                "application/json": components["schemas"]["Setup"];
            };
        };
        responses: {
            /** @description who signed in */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    /** @description the session */
                    "Set-Cookie"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "csrf_token": "the-csrf-token-of-this-session",
                     *       "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *       "is_admin": true,
                     *       "name": "ada"
                     *     }
                     */
                    "application/json": components["schemas"]["SignedInView"];
                };
            };
            /** @description the link has been used or has expired */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unauthenticated",
                     *       "detail": "the link has been used or has expired",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 401,
                     *       "title": "Unauthorized",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description another site sent it */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "forbidden",
                     *       "detail": "another site sent it",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 403,
                     *       "title": "Forbidden",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_deployments: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only to this environment. */
                environment?: "production" | "preview" | "staging";
                /** @description Only to providers of this kind. */
                kind?: components["schemas"]["ProviderKind"];
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
                /** @description Only to this provider. */
                provider?: string;
                /**
                 * @description Only with this text in an address, the error, the branch, the commit, the id, or the name of sandbox or target. ASCII
                 *     letters match in both cases.
                 */
                q?: string;
                /** @description Only those asked for from this time on, */
                since?: string;
                /** @description Only in these statuses, apart by commas. */
                status?: components["schemas"]["Status"][];
                /** @description Only to this target. */
                target_id?: components["schemas"]["TargetId"];
                /** @description and before this time. */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of deployments */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "artifact_stored": true,
                     *           "branch": "main",
                     *           "commit_message": "Show the cart",
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "created_by": {
                     *             "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *             "name": "ada"
                     *           },
                     *           "deployment_url": "http://127.0.0.1:20000/",
                     *           "dry_run": false,
                     *           "env_version": 3,
                     *           "environment": "production",
                     *           "error_message": null,
                     *           "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *           "is_live": true,
                     *           "kind": "static",
                     *           "log": {
                     *             "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *             "bytes": 2381,
                     *             "complete": true,
                     *             "dropped_bytes": 0,
                     *             "dropped_lines": 0,
                     *             "lines": 42,
                     *             "removed_at": null
                     *           },
                     *           "metadata": {
                     *             "artifact": {
                     *               "files": 12,
                     *               "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *               "size_bytes": 48213
                     *             },
                     *             "plan": {
                     *               "alternatives": [
                     *                 {
                     *                   "confidence": 0.2,
                     *                   "framework": "none",
                     *                   "root_dir": "docs"
                     *                 }
                     *               ],
                     *               "build_command": "npm run build",
                     *               "confidence": 0.98,
                     *               "deployable": [
                     *                 "static",
                     *                 "git"
                     *               ],
                     *               "evidence": [
                     *                 "package.json depends on vite",
                     *                 "vite.config.ts is there"
                     *               ],
                     *               "framework": "vite",
                     *               "install_command": "npm ci",
                     *               "kind": "static",
                     *               "monorepo": null,
                     *               "output_dir": "dist",
                     *               "package_manager": "npm",
                     *               "root_dir": ".",
                     *               "routing": "single-page",
                     *               "runtime_versions": {
                     *                 "node": ">=20"
                     *               },
                     *               "sources": {
                     *                 "build_command": "package.json",
                     *                 "install_command": "framework",
                     *                 "output_dir": "framework"
                     *               },
                     *               "start_command": null,
                     *               "warnings": []
                     *             }
                     *           },
                     *           "preview_url": null,
                     *           "provider": "local",
                     *           "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *           "sandbox_name": "shop",
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "status": "success",
                     *           "status_message": null,
                     *           "steps": [
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 1,
                     *               "name": "prepare",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 3,
                     *               "name": "install",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 20,
                     *               "name": "build",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": null,
                     *               "name": "package",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": null,
                     *               "name": "upload",
                     *               "progress": {
                     *                 "done": 48213,
                     *                 "total": 48213
                     *               },
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 41,
                     *               "name": "deploy",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             }
                     *           ],
                     *           "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *           "target_name": "preview",
                     *           "waiting_on": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the deployment */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "artifact_stored": true,
                     *       "branch": "main",
                     *       "commit_message": "Show the cart",
                     *       "completed_at": "2026-03-14T09:27:21.004518Z",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "created_by": {
                     *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *         "name": "ada"
                     *       },
                     *       "deployment_url": "http://127.0.0.1:20000/",
                     *       "dry_run": false,
                     *       "env_version": 3,
                     *       "environment": "production",
                     *       "error_message": null,
                     *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *       "is_live": true,
                     *       "kind": "static",
                     *       "log": {
                     *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *         "bytes": 2381,
                     *         "complete": true,
                     *         "dropped_bytes": 0,
                     *         "dropped_lines": 0,
                     *         "lines": 42,
                     *         "removed_at": null
                     *       },
                     *       "metadata": {
                     *         "artifact": {
                     *           "files": 12,
                     *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "size_bytes": 48213
                     *         },
                     *         "plan": {
                     *           "alternatives": [
                     *             {
                     *               "confidence": 0.2,
                     *               "framework": "none",
                     *               "root_dir": "docs"
                     *             }
                     *           ],
                     *           "build_command": "npm run build",
                     *           "confidence": 0.98,
                     *           "deployable": [
                     *             "static",
                     *             "git"
                     *           ],
                     *           "evidence": [
                     *             "package.json depends on vite",
                     *             "vite.config.ts is there"
                     *           ],
                     *           "framework": "vite",
                     *           "install_command": "npm ci",
                     *           "kind": "static",
                     *           "monorepo": null,
                     *           "output_dir": "dist",
                     *           "package_manager": "npm",
                     *           "root_dir": ".",
                     *           "routing": "single-page",
                     *           "runtime_versions": {
                     *             "node": ">=20"
                     *           },
                     *           "sources": {
                     *             "build_command": "package.json",
                     *             "install_command": "framework",
                     *             "output_dir": "framework"
                     *           },
                     *           "start_command": null,
                     *           "warnings": []
                     *         }
                     *       },
                     *       "preview_url": null,
                     *       "provider": "local",
                     *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "sandbox_name": "shop",
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "status": "success",
                     *       "status_message": null,
                     *       "steps": [
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 1,
                     *           "name": "prepare",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 3,
                     *           "name": "install",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 20,
                     *           "name": "build",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "package",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "upload",
                     *           "progress": {
                     *             "done": 48213,
                     *             "total": 48213
                     *           },
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 41,
                     *           "name": "deploy",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         }
                     *       ],
                     *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "target_name": "preview",
                     *       "waiting_on": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    delete_deployment: {
        parameters: {
            query?: {
                /** @description Also what it has made at its provider, unless that is what everybody sees at present. */
                at_provider?: boolean;
            };
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is gone */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description this deployment is under way, or its provider deletes nothing */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this deployment is under way, or its provider deletes nothing",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    cancel_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the deployment, which ends or has ended */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "artifact_stored": true,
                     *       "branch": "main",
                     *       "commit_message": "Show the cart",
                     *       "completed_at": "2026-03-14T09:27:21.004518Z",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "created_by": {
                     *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *         "name": "ada"
                     *       },
                     *       "deployment_url": "http://127.0.0.1:20000/",
                     *       "dry_run": false,
                     *       "env_version": 3,
                     *       "environment": "production",
                     *       "error_message": null,
                     *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *       "is_live": true,
                     *       "kind": "static",
                     *       "log": {
                     *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *         "bytes": 2381,
                     *         "complete": true,
                     *         "dropped_bytes": 0,
                     *         "dropped_lines": 0,
                     *         "lines": 42,
                     *         "removed_at": null
                     *       },
                     *       "metadata": {
                     *         "artifact": {
                     *           "files": 12,
                     *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "size_bytes": 48213
                     *         },
                     *         "plan": {
                     *           "alternatives": [
                     *             {
                     *               "confidence": 0.2,
                     *               "framework": "none",
                     *               "root_dir": "docs"
                     *             }
                     *           ],
                     *           "build_command": "npm run build",
                     *           "confidence": 0.98,
                     *           "deployable": [
                     *             "static",
                     *             "git"
                     *           ],
                     *           "evidence": [
                     *             "package.json depends on vite",
                     *             "vite.config.ts is there"
                     *           ],
                     *           "framework": "vite",
                     *           "install_command": "npm ci",
                     *           "kind": "static",
                     *           "monorepo": null,
                     *           "output_dir": "dist",
                     *           "package_manager": "npm",
                     *           "root_dir": ".",
                     *           "routing": "single-page",
                     *           "runtime_versions": {
                     *             "node": ">=20"
                     *           },
                     *           "sources": {
                     *             "build_command": "package.json",
                     *             "install_command": "framework",
                     *             "output_dir": "framework"
                     *           },
                     *           "start_command": null,
                     *           "warnings": []
                     *         }
                     *       },
                     *       "preview_url": null,
                     *       "provider": "local",
                     *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "sandbox_name": "shop",
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "status": "success",
                     *       "status_message": null,
                     *       "steps": [
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 1,
                     *           "name": "prepare",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 3,
                     *           "name": "install",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 20,
                     *           "name": "build",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "package",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "upload",
                     *           "progress": {
                     *             "done": 48213,
                     *             "total": 48213
                     *           },
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 41,
                     *           "name": "deploy",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         }
                     *       ],
                     *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "target_name": "preview",
                     *       "waiting_on": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the deployment has ended */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the deployment has ended",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    follow_deployment_log: {
        parameters: {
            query?: {
                /** @description With `format=json`: the part begins behind this line. */
                after?: number;
                /**
                 * @description With `format=json`: the part ends before this line, and at the end of the log unless said; without `after` it holds
                 *     the last lines before that.
                 */
                before?: number;
                /**
                 * @description `text` downloads what is stored now, `json` answers a part of it; left out, events follow the deployment to its
                 *     end.
                 */
                format?: "text" | "json";
                /**
                 * @description With `format=json`: at most so many lines. There may be fewer, when they are long.
                 * @example 1000
                 */
                limit?: number;
            };
            header?: {
                /** @description the `id` of the last event that was received */
                "Last-Event-ID"?: number;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description events, text with `format=text`, or a part with `format=json` */
            200: {
                headers: {
                    /** @description a file name, with `format=text` */
                    "Content-Disposition"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "first_seq": 118,
                     *       "is_complete": true,
                     *       "last_seq": 118,
                     *       "lines": [
                     *         {
                     *           "at": "2026-03-14T09:26:54.102Z",
                     *           "seq": 118,
                     *           "step": "build",
                     *           "stream": "stdout",
                     *           "text": "built in 1.21s"
                     *         }
                     *       ],
                     *       "total_lines": 120
                     *     }
                     */
                    "application/json": components["schemas"]["LogRange"];
                    /**
                     * @example event: status
                     *     id: 0
                     *     data: {"status":"building","status_message":null,"waiting_on":null,"deployment_url":null,"preview_url":null,"error_message":null}
                     *
                     *     event: step
                     *     id: 0
                     *     data: {"name":"build","state":"running","started_at":"2026-03-14T09:26:53.589793Z","completed_at":null,"progress":null,"first_line":1}
                     *
                     *     event: log
                     *     id: 1
                     *     data: {"seq":1,"stream":"stdout","step":"build","at":"2026-03-14T09:26:54.102Z","text":"built in 1.21s"}
                     *
                     *     event: done
                     *     id: 1
                     *     data: {"status":"success","status_message":null,"waiting_on":null,"deployment_url":"http://127.0.0.1:20000/","preview_url":null,"error_message":null}
                     */
                    "text/event-stream": components["schemas"]["EventStream"];
                    /**
                     * @example $ npm run build
                     *     vite v7.1.0 building for production...
                     */
                    "text/plain": string;
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    redeploy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "rebuild": true
                 *     }
                 */
                "application/json": components["schemas"]["Redeploy"] | null;
            };
        };
        responses: {
            /** @description the new deployment */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "artifact_stored": true,
                     *       "branch": "main",
                     *       "commit_message": "Show the cart",
                     *       "completed_at": "2026-03-14T09:27:21.004518Z",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "created_by": {
                     *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *         "name": "ada"
                     *       },
                     *       "deployment_url": "http://127.0.0.1:20000/",
                     *       "dry_run": false,
                     *       "env_version": 3,
                     *       "environment": "production",
                     *       "error_message": null,
                     *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *       "is_live": true,
                     *       "kind": "static",
                     *       "log": {
                     *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *         "bytes": 2381,
                     *         "complete": true,
                     *         "dropped_bytes": 0,
                     *         "dropped_lines": 0,
                     *         "lines": 42,
                     *         "removed_at": null
                     *       },
                     *       "metadata": {
                     *         "artifact": {
                     *           "files": 12,
                     *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "size_bytes": 48213
                     *         },
                     *         "plan": {
                     *           "alternatives": [
                     *             {
                     *               "confidence": 0.2,
                     *               "framework": "none",
                     *               "root_dir": "docs"
                     *             }
                     *           ],
                     *           "build_command": "npm run build",
                     *           "confidence": 0.98,
                     *           "deployable": [
                     *             "static",
                     *             "git"
                     *           ],
                     *           "evidence": [
                     *             "package.json depends on vite",
                     *             "vite.config.ts is there"
                     *           ],
                     *           "framework": "vite",
                     *           "install_command": "npm ci",
                     *           "kind": "static",
                     *           "monorepo": null,
                     *           "output_dir": "dist",
                     *           "package_manager": "npm",
                     *           "root_dir": ".",
                     *           "routing": "single-page",
                     *           "runtime_versions": {
                     *             "node": ">=20"
                     *           },
                     *           "sources": {
                     *             "build_command": "package.json",
                     *             "install_command": "framework",
                     *             "output_dir": "framework"
                     *           },
                     *           "start_command": null,
                     *           "warnings": []
                     *         }
                     *       },
                     *       "preview_url": null,
                     *       "provider": "local",
                     *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "sandbox_name": "shop",
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "status": "success",
                     *       "status_message": null,
                     *       "steps": [
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 1,
                     *           "name": "prepare",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 3,
                     *           "name": "install",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 20,
                     *           "name": "build",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "package",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "upload",
                     *           "progress": {
                     *             "done": 48213,
                     *             "total": 48213
                     *           },
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 41,
                     *           "name": "deploy",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         }
                     *       ],
                     *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "target_name": "preview",
                     *       "waiting_on": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description this deployment has no stored artifact */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this deployment has no stored artifact",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    roll_back: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["DeploymentId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "to": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d"
                 *     }
                 */
                "application/json": components["schemas"]["Rollback"] | null;
            };
        };
        responses: {
            /** @description the new deployment, which publishes the former release */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "artifact_stored": true,
                     *       "branch": "main",
                     *       "commit_message": "Show the cart",
                     *       "completed_at": "2026-03-14T09:27:21.004518Z",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "created_by": {
                     *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *         "name": "ada"
                     *       },
                     *       "deployment_url": "http://127.0.0.1:20000/",
                     *       "dry_run": false,
                     *       "env_version": 3,
                     *       "environment": "production",
                     *       "error_message": null,
                     *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *       "is_live": true,
                     *       "kind": "static",
                     *       "log": {
                     *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *         "bytes": 2381,
                     *         "complete": true,
                     *         "dropped_bytes": 0,
                     *         "dropped_lines": 0,
                     *         "lines": 42,
                     *         "removed_at": null
                     *       },
                     *       "metadata": {
                     *         "artifact": {
                     *           "files": 12,
                     *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "size_bytes": 48213
                     *         },
                     *         "plan": {
                     *           "alternatives": [
                     *             {
                     *               "confidence": 0.2,
                     *               "framework": "none",
                     *               "root_dir": "docs"
                     *             }
                     *           ],
                     *           "build_command": "npm run build",
                     *           "confidence": 0.98,
                     *           "deployable": [
                     *             "static",
                     *             "git"
                     *           ],
                     *           "evidence": [
                     *             "package.json depends on vite",
                     *             "vite.config.ts is there"
                     *           ],
                     *           "framework": "vite",
                     *           "install_command": "npm ci",
                     *           "kind": "static",
                     *           "monorepo": null,
                     *           "output_dir": "dist",
                     *           "package_manager": "npm",
                     *           "root_dir": ".",
                     *           "routing": "single-page",
                     *           "runtime_versions": {
                     *             "node": ">=20"
                     *           },
                     *           "sources": {
                     *             "build_command": "package.json",
                     *             "install_command": "framework",
                     *             "output_dir": "framework"
                     *           },
                     *           "start_command": null,
                     *           "warnings": []
                     *         }
                     *       },
                     *       "preview_url": null,
                     *       "provider": "local",
                     *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "sandbox_name": "shop",
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "status": "success",
                     *       "status_message": null,
                     *       "steps": [
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 1,
                     *           "name": "prepare",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 3,
                     *           "name": "install",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 20,
                     *           "name": "build",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "package",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "upload",
                     *           "progress": {
                     *             "done": 48213,
                     *             "total": 48213
                     *           },
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 41,
                     *           "name": "deploy",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         }
                     *       ],
                     *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "target_name": "preview",
                     *       "waiting_on": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such deployment, here or in `to` */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such deployment, here or in `to`",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description this deployment is not live, or there is nothing to go back to, or its artifact is no longer stored */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this deployment is not live, or there is nothing to go back to, or its artifact is no longer stored",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    disconnect_account: {
        parameters: {
            query: {
                /** @description The account. */
                credentials_id: components["schemas"]["CredentialId"];
                /** @description Whether to disconnect it also when targets use it. */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is forgotten here; `revoked` says whether it still works at the provider */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "credentials_id": "0199d3a5-7c11-7d22-8e33-4f5566778899",
                     *       "detail": "the provider has ended the access",
                     *       "revoked": true,
                     *       "targets": 0
                     *     }
                     */
                    "application/json": components["schemas"]["DisconnectedView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such account */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such account",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description targets use this account; `force` disconnects it all the same */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "targets use this account; `force` disconnects it all the same",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    authorize_account: {
        parameters: {
            query?: {
                /** @description What to call it; the account's name at the provider when left out. */
                label?: string;
                /** @description A path on this site; `provider` and `outcome` (`connected` or `denied`) are added to its query. */
                return_to?: string;
                /** @description The team it is to belong to; the caller when left out. */
                team_id?: components["schemas"]["TeamId"];
            };
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description where to send the browser */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "url": "https://github.com/login/oauth/authorize?client_id=EXAMPLE"
                     *     }
                     */
                    "application/json": components["schemas"]["AuthorizeView"];
                };
            };
            /** @description to the provider */
            303: {
                headers: {
                    /** @description the provider's page */
                    Location?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            /** @description another site sent the browser here, or one may not connect accounts */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "forbidden",
                     *       "detail": "another site sent the browser here, or one may not connect accounts",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 403,
                     *       "title": "Forbidden",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description there is no such provider or team */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such provider or team",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description this installation is no client of the provider */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "this installation is no client of the provider",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    finish_account: {
        parameters: {
            query?: {
                /** @description To be exchanged for a token, which it is worth until then. */
                code?: string;
                /** @description Why there is no code. */
                error?: string;
                /** @description Who answers (RFC 9207). */
                iss?: string;
                /** @description As we sent it. */
                state?: string;
            };
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description to where one wanted to go; `outcome` is `connected` or `denied` */
            303: {
                headers: {
                    /** @description a path on this site */
                    Location?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such provider */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such provider",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description it is another account than the one of this label */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "it is another account than the one of this label",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description this was not begun by the caller in this session, or the provider refuses */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "this was not begun by the caller in this session, or the provider refuses",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description the provider does not answer now */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the provider does not answer now",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start_device_flow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "label": "work"
                 *     }
                 */
                "application/json": components["schemas"]["StartDevice"];
            };
        };
        responses: {
            /** @description what to type, and where */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "device_code": "EXAMPLE-NOT-A-DEVICE-CODE",
                     *       "expires_at": "2026-03-14T09:41:53.589793Z",
                     *       "interval": 5,
                     *       "user_code": "WDJB-MJHT",
                     *       "verification_uri": "https://github.com/login/device"
                     *     }
                     */
                    "application/json": components["schemas"]["DeviceView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such provider or team */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such provider or team",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            /** @description this installation is no client of the provider, or it has no device flow */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "this installation is no client of the provider, or it has no device flow",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description the provider does not answer now */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the provider does not answer now",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_accounts: {
        parameters: {
            query?: {
                /** @description Whether the provider is asked about each account; otherwise only what is stored is told. */
                check?: boolean;
            };
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the accounts */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accounts": [
                     *         {
                     *           "account": "ada",
                     *           "account_id": "583231",
                     *           "connected_at": "2026-03-14T09:26:53.589793Z",
                     *           "credentials_id": "0199d3a5-7c11-7d22-8e33-4f5566778899",
                     *           "expires_at": null,
                     *           "label": "work",
                     *           "problem": null,
                     *           "provider": "github",
                     *           "renewed_at": "2026-03-14T09:26:53.589793Z",
                     *           "scopes": [
                     *             "repo",
                     *             "workflow"
                     *           ],
                     *           "state": "valid",
                     *           "team_id": null
                     *         }
                     *       ],
                     *       "provider": "github"
                     *     }
                     */
                    "application/json": components["schemas"]["AccountsView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such provider */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such provider",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    connect_account: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "token",
                 *       "label": "work",
                 *       "token": "EXAMPLE-NOT-A-TOKEN"
                 *     }
                 */
                "application/json": components["schemas"]["ConnectAccount"];
            };
        };
        responses: {
            /** @description the account is connected */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "ada",
                     *       "account_id": "583231",
                     *       "credentials_id": "0199d3a5-7c11-7d22-8e33-4f5566778899",
                     *       "expires_at": "2026-09-14T09:26:53.589793Z",
                     *       "label": "work",
                     *       "provider": "github",
                     *       "scopes": [
                     *         "repo",
                     *         "workflow"
                     *       ],
                     *       "team_id": null
                     *     }
                     */
                    "application/json": components["schemas"]["AccountView"];
                };
            };
            /** @description the person has not agreed yet; ask again after `interval` seconds */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "interval": 5,
                     *       "status": "authorization_pending"
                     *     }
                     */
                    "application/json": components["schemas"]["PendingView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such provider, team or device code */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such provider, team or device code",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the label is another account's, or the device flow was refused or is over */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the label is another account's, or the device flow was refused or is over",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            /** @description the provider does not take the token; the sentence says why */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "the provider does not take the token; the sentence says why",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description the provider does not answer now */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the provider does not answer now",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_targets: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of targets */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "config": {
                     *             "build_command": "npm run build:site"
                     *           },
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "credentials_id": null,
                     *           "id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *           "is_default": true,
                     *           "name": "preview",
                     *           "provider": "local",
                     *           "team_id": null,
                     *           "updated_at": "2026-03-14T09:26:53.589793Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_TargetView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    create_target: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "config": {
                 *         "build_command": "npm run build:site"
                 *       },
                 *       "name": "preview",
                 *       "provider": "local"
                 *     }
                 */
                "application/json": components["schemas"]["CreateTarget"];
            };
        };
        responses: {
            /** @description the new target */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "config": {
                     *         "build_command": "npm run build:site"
                     *       },
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "credentials_id": null,
                     *       "id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "is_default": true,
                     *       "name": "preview",
                     *       "provider": "local",
                     *       "team_id": null,
                     *       "updated_at": "2026-03-14T09:26:53.589793Z"
                     *     }
                     */
                    "application/json": components["schemas"]["TargetView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such team */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such team",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description there is a target of this name already */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "there is a target of this name already",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_target: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the target */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "config": {
                     *         "build_command": "npm run build:site"
                     *       },
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "credentials_id": null,
                     *       "id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "is_default": true,
                     *       "name": "preview",
                     *       "provider": "local",
                     *       "team_id": null,
                     *       "updated_at": "2026-03-14T09:26:53.589793Z"
                     *     }
                     */
                    "application/json": components["schemas"]["TargetView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    update_target: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what was read: the change is refused when it is another one now. */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "is_default": true,
                 *       "name": "staging"
                 *     }
                 */
                "application/json": components["schemas"]["UpdateTarget"];
            };
        };
        responses: {
            /** @description the target as it is now */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "config": {
                     *         "build_command": "npm run build:site"
                     *       },
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "credentials_id": null,
                     *       "id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "is_default": true,
                     *       "name": "preview",
                     *       "provider": "local",
                     *       "team_id": null,
                     *       "updated_at": "2026-03-14T09:26:53.589793Z"
                     *     }
                     */
                    "application/json": components["schemas"]["TargetView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description there is a target of this name already */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "there is a target of this name already",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["precondition_failed"];
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    delete_target: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what was read: the change is refused when it is another one now. */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is gone */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description deployments refer to this target */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "deployments refer to this target",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["precondition_failed"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_domains: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the first hundred */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "message": null,
                     *           "name": "www.example.com",
                     *           "records": [
                     *             {
                     *               "name": "www.example.com",
                     *               "type": "CNAME",
                     *               "value": "cname.vercel-dns.com"
                     *             }
                     *           ],
                     *           "state": "pending"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DomainsView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the target's provider takes no domains */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the target's provider takes no domains",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    add_domain: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "www.example.com"
                 *     }
                 */
                "application/json": components["schemas"]["AddDomain"];
            };
        };
        responses: {
            /** @description the domain, and what its DNS needs */
            201: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": null,
                     *       "name": "www.example.com",
                     *       "records": [],
                     *       "state": "active"
                     *     }
                     */
                    "application/json": components["schemas"]["Domain"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the target's provider takes no domains */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the target's provider takes no domains",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    remove_domain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description its name */
                domain: string;
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the project has no such domain (any more) */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the target's provider takes no domains */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the target's provider takes no domains",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    verify_domain: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description its name */
                domain: string;
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the domain as it is now */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": null,
                     *       "name": "www.example.com",
                     *       "records": [],
                     *       "state": "active"
                     *     }
                     */
                    "application/json": components["schemas"]["Domain"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the target's provider takes no domains */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the target's provider takes no domains",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_target_variables: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the variables */
            200: {
                headers: {
                    /** @description the version, for `If-Match` */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployed_version": 2,
                     *       "variables": [
                     *         {
                     *           "environment": "preview",
                     *           "name": "API_URL",
                     *           "scope": "build",
                     *           "secret": false,
                     *           "updated_at": "2026-03-14T09:26:53.589793Z",
                     *           "value": "https://api.example.com"
                     *         },
                     *         {
                     *           "environment": "all",
                     *           "name": "API_TOKEN",
                     *           "scope": "build",
                     *           "secret": true,
                     *           "updated_at": "2026-03-14T09:26:53.589793Z",
                     *           "value": null
                     *         }
                     *       ],
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["VariablesView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    set_target_variables: {
        parameters: {
            query?: never;
            header?: {
                /** @description the `ETag` of what was read */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "merge": true,
                 *       "variables": [
                 *         {
                 *           "environment": "preview",
                 *           "name": "API_URL",
                 *           "scope": "build",
                 *           "secret": false,
                 *           "value": "https://api.example.com"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SetVariables"];
            };
        };
        responses: {
            /** @description the variables as they are now */
            200: {
                headers: {
                    /** @description the version, for `If-Match` */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployed_version": 2,
                     *       "variables": [
                     *         {
                     *           "environment": "preview",
                     *           "name": "API_URL",
                     *           "scope": "build",
                     *           "secret": false,
                     *           "updated_at": "2026-03-14T09:26:53.589793Z",
                     *           "value": "https://api.example.com"
                     *         },
                     *         {
                     *           "environment": "all",
                     *           "name": "API_TOKEN",
                     *           "scope": "build",
                     *           "secret": true,
                     *           "updated_at": "2026-03-14T09:26:53.589793Z",
                     *           "value": null
                     *         }
                     *       ],
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["VariablesView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description somebody changed these variables at the same moment; send the request again */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "somebody changed these variables at the same moment; send the request again",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["precondition_failed"];
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    import_target_variables: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
                /** @description the `ETag` of what was read */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "dry_run": true,
                 *       "environment": "preview",
                 *       "scope": "build",
                 *       "secret": false,
                 *       "text": "# of the build\nAPI_URL=https://api.example.com\n"
                 *     }
                 */
                "application/json": components["schemas"]["ImportVariables"];
            };
        };
        responses: {
            /** @description what the import changed, or would change */
            200: {
                headers: {
                    /** @description the version, for `If-Match` */
                    ETag?: string;
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "added": [
                     *         "API_URL"
                     *       ],
                     *       "changed": [],
                     *       "dry_run": true,
                     *       "removed": [],
                     *       "unchanged": [],
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["ImportView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description somebody changed these variables at the same moment; send the request again */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "somebody changed these variables at the same moment; send the request again",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["precondition_failed"];
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    test_target: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description what was found */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "ada",
                     *       "checks": [
                     *         {
                     *           "allowed": true,
                     *           "detail": "the credential is ada, with repo, workflow",
                     *           "what": "account"
                     *         },
                     *         {
                     *           "allowed": true,
                     *           "detail": "the branch is made with the first deployment",
                     *           "what": "push"
                     *         }
                     *       ],
                     *       "ok": true,
                     *       "permissions": [
                     *         {
                     *           "allowed": false,
                     *           "what": "push workflow files",
                     *           "why": "the token lacks the scope `workflow`"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["TargetTest"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            409: components["responses"]["conflict"];
            413: components["responses"]["too_large"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the hook, without its secret */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhook": {
                     *         "created_at": "2026-03-14T09:26:53.589793Z",
                     *         "is_registered": false,
                     *         "last_delivery_at": null,
                     *         "scheme": "signature",
                     *         "url": "https://deploy.example.com/api/webhooks/github?hook=0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a77"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["TargetWebhook"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    create_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "scheme": "signature"
                 *     }
                 */
                "application/json": components["schemas"]["MakeWebhook"];
            };
        };
        responses: {
            /** @description the hook, and its secret, which is shown only here */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "is_registered": false,
                     *       "scheme": "signature",
                     *       "secret": "EXAMPLE-NOT-A-WEBHOOK-SECRET",
                     *       "url": "https://deploy.example.com/api/webhooks/github?hook=0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a77"
                     *     }
                     */
                    "application/json": components["schemas"]["NewWebhookView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the target's provider sends nothing to hooks of targets */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the target's provider sends nothing to hooks of targets",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    delete_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TargetId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description there is none (any more) */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description who one is */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "csrf_token": null,
                     *       "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *       "is_admin": true,
                     *       "name": "ada",
                     *       "scopes": [
                     *         "read",
                     *         "deploy",
                     *         "targets",
                     *         "accounts",
                     *         "admin"
                     *       ],
                     *       "teams": [
                     *         {
                     *           "id": "0199d3a4-5566-7788-99aa-bbccddeeff00",
                     *           "role": "maintainer"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MeView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_providers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all of them, by id */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "accepts": [
                     *             "git"
                     *           ],
                     *           "auth": [
                     *             "token",
                     *             "device",
                     *             "oauth"
                     *           ],
                     *           "auth_configured": [
                     *             "token"
                     *           ],
                     *           "capabilities": {
                     *             "cancel": false,
                     *             "delete": false,
                     *             "domains": false,
                     *             "env_vars": false,
                     *             "environments": true,
                     *             "projects": true,
                     *             "rollback": true,
                     *             "webhooks": false
                     *           },
                     *           "config_schema": {
                     *             "properties": {
                     *               "owner": {
                     *                 "type": "string"
                     *               }
                     *             },
                     *             "required": [
                     *               "owner"
                     *             ],
                     *             "type": "object"
                     *           },
                     *           "docs_url": "https://docs.github.com/",
                     *           "id": "github",
                     *           "kind": "git",
                     *           "name": "GitHub",
                     *           "scopes": [
                     *             "repo",
                     *             "workflow"
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ProvidersView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_environments: {
        parameters: {
            query: {
                /** @description The account. */
                credentials_id: components["schemas"]["CredentialId"];
                /** @description The `name` of a project. */
                project: string;
            };
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the environments */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "7",
                     *           "name": "production",
                     *           "url": "https://shop.example.com/"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["EnvironmentsView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such provider or account, or the provider has no environments */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such provider or account, or the provider has no environments",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the provider refuses; the sentence says why */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "the provider refuses; the sentence says why",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description the provider does not answer now */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the provider does not answer now",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_projects: {
        parameters: {
            query: {
                /** @description The account. */
                credentials_id: components["schemas"]["CredentialId"];
                /** @description `next_cursor` of the answer before. */
                cursor?: string;
                /** @description Part of the name. */
                search?: string;
            };
            header?: never;
            path: {
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description part of them; a part can be empty though there are more */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "config": {
                     *             "branch": "main",
                     *             "owner": "ada",
                     *             "repo": "shop"
                     *           },
                     *           "id": "1296269",
                     *           "name": "ada/shop",
                     *           "url": "https://github.com/ada/shop"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ProjectsView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such provider or account, or the provider has no projects */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such provider or account, or the provider has no projects",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the provider refuses; the sentence says why */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "the provider refuses; the sentence says why",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description the provider does not answer now */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the provider does not answer now",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_sandboxes: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of sandboxes */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "agent_version": "0.1.0",
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *           "labels": {
                     *             "project": "shop"
                     *           },
                     *           "last_seen_at": "2026-03-14T09:27:21.004518Z",
                     *           "name": "shop",
                     *           "status": "online",
                     *           "team_id": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_SandboxView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    create_sandbox: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "labels": {
                 *         "project": "shop"
                 *       },
                 *       "name": "shop"
                 *     }
                 */
                "application/json": components["schemas"]["CreateSandbox"];
            };
        };
        responses: {
            /** @description the new sandbox */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "agent_version": "0.1.0",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "labels": {
                     *         "project": "shop"
                     *       },
                     *       "last_seen_at": "2026-03-14T09:27:21.004518Z",
                     *       "name": "shop",
                     *       "status": "online",
                     *       "team_id": null
                     *     }
                     */
                    "application/json": components["schemas"]["SandboxView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such team */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such team",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description there is a sandbox of this name already */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "there is a sandbox of this name already",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_sandbox: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the sandbox */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "agent_version": "0.1.0",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "labels": {
                     *         "project": "shop"
                     *       },
                     *       "last_seen_at": "2026-03-14T09:27:21.004518Z",
                     *       "name": "shop",
                     *       "status": "online",
                     *       "team_id": null
                     *     }
                     */
                    "application/json": components["schemas"]["SandboxView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    delete_sandbox: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what was read: the change is refused when it is another one now. */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is gone */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description a deployment of this sandbox is under way */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "a deployment of this sandbox is under way",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["precondition_failed"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    update_sandbox: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what was read: the change is refused when it is another one now. */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "web shop"
                 *     }
                 */
                "application/json": components["schemas"]["UpdateSandbox"];
            };
        };
        responses: {
            /** @description the sandbox as it is now */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "agent_version": "0.1.0",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "labels": {
                     *         "project": "shop"
                     *       },
                     *       "last_seen_at": "2026-03-14T09:27:21.004518Z",
                     *       "name": "shop",
                     *       "status": "online",
                     *       "team_id": null
                     *     }
                     */
                    "application/json": components["schemas"]["SandboxView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the name is taken, or the sandbox is revoked and stays so */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the name is taken, or the sandbox is revoked and stays so",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["precondition_failed"];
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    create_deployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "branch": "main",
                 *       "commit_message": "Show prices with tax",
                 *       "env": {
                 *         "FEATURES": {
                 *           "secret": false,
                 *           "value": "search,basket"
                 *         }
                 *       },
                 *       "environment": "production",
                 *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7"
                 *     }
                 */
                "application/json": components["schemas"]["CreateDeployment"];
            };
        };
        responses: {
            /** @description the deployment, which waits for the agent */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "artifact_stored": true,
                     *       "branch": "main",
                     *       "commit_message": "Show the cart",
                     *       "completed_at": "2026-03-14T09:27:21.004518Z",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "created_by": {
                     *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *         "name": "ada"
                     *       },
                     *       "deployment_url": "http://127.0.0.1:20000/",
                     *       "dry_run": false,
                     *       "env_version": 3,
                     *       "environment": "production",
                     *       "error_message": null,
                     *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *       "is_live": true,
                     *       "kind": "static",
                     *       "log": {
                     *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *         "bytes": 2381,
                     *         "complete": true,
                     *         "dropped_bytes": 0,
                     *         "dropped_lines": 0,
                     *         "lines": 42,
                     *         "removed_at": null
                     *       },
                     *       "metadata": {
                     *         "artifact": {
                     *           "files": 12,
                     *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "size_bytes": 48213
                     *         },
                     *         "plan": {
                     *           "alternatives": [
                     *             {
                     *               "confidence": 0.2,
                     *               "framework": "none",
                     *               "root_dir": "docs"
                     *             }
                     *           ],
                     *           "build_command": "npm run build",
                     *           "confidence": 0.98,
                     *           "deployable": [
                     *             "static",
                     *             "git"
                     *           ],
                     *           "evidence": [
                     *             "package.json depends on vite",
                     *             "vite.config.ts is there"
                     *           ],
                     *           "framework": "vite",
                     *           "install_command": "npm ci",
                     *           "kind": "static",
                     *           "monorepo": null,
                     *           "output_dir": "dist",
                     *           "package_manager": "npm",
                     *           "root_dir": ".",
                     *           "routing": "single-page",
                     *           "runtime_versions": {
                     *             "node": ">=20"
                     *           },
                     *           "sources": {
                     *             "build_command": "package.json",
                     *             "install_command": "framework",
                     *             "output_dir": "framework"
                     *           },
                     *           "start_command": null,
                     *           "warnings": []
                     *         }
                     *       },
                     *       "preview_url": null,
                     *       "provider": "local",
                     *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "sandbox_name": "shop",
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "status": "success",
                     *       "status_message": null,
                     *       "steps": [
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 1,
                     *           "name": "prepare",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 3,
                     *           "name": "install",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 20,
                     *           "name": "build",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "package",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "upload",
                     *           "progress": {
                     *             "done": 48213,
                     *             "total": 48213
                     *           },
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 41,
                     *           "name": "deploy",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         }
                     *       ],
                     *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "target_name": "preview",
                     *       "waiting_on": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such sandbox or target */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such sandbox or target",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description this sandbox is revoked or quarantined */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this sandbox is revoked or quarantined",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_sandbox_deployments: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only to this environment. */
                environment?: "production" | "preview" | "staging";
                /** @description Only to providers of this kind. */
                kind?: components["schemas"]["ProviderKind"];
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
                /** @description Only to this provider. */
                provider?: string;
                /**
                 * @description Only with this text in an address, the error, the branch, the commit, the id, or the name of sandbox or target. ASCII
                 *     letters match in both cases.
                 */
                q?: string;
                /** @description Only those asked for from this time on, */
                since?: string;
                /** @description Only in these statuses, apart by commas. */
                status?: components["schemas"]["Status"][];
                /** @description Only to this target. */
                target_id?: components["schemas"]["TargetId"];
                /** @description and before this time. */
                until?: string;
            };
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of deployments */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "artifact_stored": true,
                     *           "branch": "main",
                     *           "commit_message": "Show the cart",
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "created_by": {
                     *             "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *             "name": "ada"
                     *           },
                     *           "deployment_url": "http://127.0.0.1:20000/",
                     *           "dry_run": false,
                     *           "env_version": 3,
                     *           "environment": "production",
                     *           "error_message": null,
                     *           "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *           "is_live": true,
                     *           "kind": "static",
                     *           "log": {
                     *             "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *             "bytes": 2381,
                     *             "complete": true,
                     *             "dropped_bytes": 0,
                     *             "dropped_lines": 0,
                     *             "lines": 42,
                     *             "removed_at": null
                     *           },
                     *           "metadata": {
                     *             "artifact": {
                     *               "files": 12,
                     *               "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *               "size_bytes": 48213
                     *             },
                     *             "plan": {
                     *               "alternatives": [
                     *                 {
                     *                   "confidence": 0.2,
                     *                   "framework": "none",
                     *                   "root_dir": "docs"
                     *                 }
                     *               ],
                     *               "build_command": "npm run build",
                     *               "confidence": 0.98,
                     *               "deployable": [
                     *                 "static",
                     *                 "git"
                     *               ],
                     *               "evidence": [
                     *                 "package.json depends on vite",
                     *                 "vite.config.ts is there"
                     *               ],
                     *               "framework": "vite",
                     *               "install_command": "npm ci",
                     *               "kind": "static",
                     *               "monorepo": null,
                     *               "output_dir": "dist",
                     *               "package_manager": "npm",
                     *               "root_dir": ".",
                     *               "routing": "single-page",
                     *               "runtime_versions": {
                     *                 "node": ">=20"
                     *               },
                     *               "sources": {
                     *                 "build_command": "package.json",
                     *                 "install_command": "framework",
                     *                 "output_dir": "framework"
                     *               },
                     *               "start_command": null,
                     *               "warnings": []
                     *             }
                     *           },
                     *           "preview_url": null,
                     *           "provider": "local",
                     *           "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *           "sandbox_name": "shop",
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "status": "success",
                     *           "status_message": null,
                     *           "steps": [
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 1,
                     *               "name": "prepare",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 3,
                     *               "name": "install",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 20,
                     *               "name": "build",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": null,
                     *               "name": "package",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": null,
                     *               "name": "upload",
                     *               "progress": {
                     *                 "done": 48213,
                     *                 "total": 48213
                     *               },
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             },
                     *             {
                     *               "completed_at": "2026-03-14T09:27:21.004518Z",
                     *               "first_line": 41,
                     *               "name": "deploy",
                     *               "progress": null,
                     *               "started_at": "2026-03-14T09:26:53.589793Z",
                     *               "state": "done"
                     *             }
                     *           ],
                     *           "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *           "target_name": "preview",
                     *           "waiting_on": null
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    detect_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the build plan */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "alternatives": [
                     *         {
                     *           "confidence": 0.2,
                     *           "framework": "none",
                     *           "root_dir": "docs"
                     *         }
                     *       ],
                     *       "build_command": "npm run build",
                     *       "confidence": 0.98,
                     *       "deployable": [
                     *         "static",
                     *         "git"
                     *       ],
                     *       "evidence": [
                     *         "package.json depends on vite",
                     *         "vite.config.ts is there"
                     *       ],
                     *       "framework": "vite",
                     *       "install_command": "npm ci",
                     *       "kind": "static",
                     *       "monorepo": null,
                     *       "output_dir": "dist",
                     *       "package_manager": "npm",
                     *       "root_dir": ".",
                     *       "routing": "single-page",
                     *       "runtime_versions": {
                     *         "node": ">=20"
                     *       },
                     *       "sources": {
                     *         "build_command": "package.json",
                     *         "install_command": "framework",
                     *         "output_dir": "framework"
                     *       },
                     *       "start_command": null,
                     *       "warnings": []
                     *     }
                     */
                    "application/json": components["schemas"]["PlanView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description the answer holds a stored credential and is withheld; rotate it */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "the answer holds a stored credential and is withheld; rotate it",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the agent cannot tell what this project is */
            422: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid_input",
                     *       "detail": "the agent cannot tell what this project is",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 422,
                     *       "title": "Unprocessable Entity",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            /** @description no agent of this sandbox is connected, or it does not answer */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "no agent of this sandbox is connected, or it does not answer",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_enroll_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the token, shown only here */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "control_plane": "https://127.0.0.1:7071",
                     *       "expires_at": "2026-03-14T09:27:21.004518Z",
                     *       "token": "EXAMPLE-NOT-AN-ENROLMENT-TOKEN"
                     *     }
                     */
                    "application/json": components["schemas"]["EnrollTokenView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description this sandbox is revoked or quarantined and cannot enrol */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this sandbox is revoked or quarantined and cannot enrol",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    export_to_github: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "commit_message": "From the sandbox",
                 *       "config": {
                 *         "create": true,
                 *         "owner": "ada",
                 *         "repo": "shop"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ExportToGit"];
            };
        };
        responses: {
            /** @description the deployment, which waits for the agent */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "artifact_stored": true,
                     *       "branch": "main",
                     *       "commit_message": "Show the cart",
                     *       "completed_at": "2026-03-14T09:27:21.004518Z",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "created_by": {
                     *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *         "name": "ada"
                     *       },
                     *       "deployment_url": "http://127.0.0.1:20000/",
                     *       "dry_run": false,
                     *       "env_version": 3,
                     *       "environment": "production",
                     *       "error_message": null,
                     *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *       "is_live": true,
                     *       "kind": "static",
                     *       "log": {
                     *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *         "bytes": 2381,
                     *         "complete": true,
                     *         "dropped_bytes": 0,
                     *         "dropped_lines": 0,
                     *         "lines": 42,
                     *         "removed_at": null
                     *       },
                     *       "metadata": {
                     *         "artifact": {
                     *           "files": 12,
                     *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "size_bytes": 48213
                     *         },
                     *         "plan": {
                     *           "alternatives": [
                     *             {
                     *               "confidence": 0.2,
                     *               "framework": "none",
                     *               "root_dir": "docs"
                     *             }
                     *           ],
                     *           "build_command": "npm run build",
                     *           "confidence": 0.98,
                     *           "deployable": [
                     *             "static",
                     *             "git"
                     *           ],
                     *           "evidence": [
                     *             "package.json depends on vite",
                     *             "vite.config.ts is there"
                     *           ],
                     *           "framework": "vite",
                     *           "install_command": "npm ci",
                     *           "kind": "static",
                     *           "monorepo": null,
                     *           "output_dir": "dist",
                     *           "package_manager": "npm",
                     *           "root_dir": ".",
                     *           "routing": "single-page",
                     *           "runtime_versions": {
                     *             "node": ">=20"
                     *           },
                     *           "sources": {
                     *             "build_command": "package.json",
                     *             "install_command": "framework",
                     *             "output_dir": "framework"
                     *           },
                     *           "start_command": null,
                     *           "warnings": []
                     *         }
                     *       },
                     *       "preview_url": null,
                     *       "provider": "local",
                     *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "sandbox_name": "shop",
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "status": "success",
                     *       "status_message": null,
                     *       "steps": [
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 1,
                     *           "name": "prepare",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 3,
                     *           "name": "install",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 20,
                     *           "name": "build",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "package",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "upload",
                     *           "progress": {
                     *             "done": 48213,
                     *             "total": 48213
                     *           },
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 41,
                     *           "name": "deploy",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         }
                     *       ],
                     *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "target_name": "preview",
                     *       "waiting_on": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description another target has the name that this one would get */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "another target has the name that this one would get",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    export_to_gitlab: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "commit_message": "From the sandbox",
                 *       "config": {
                 *         "create": true,
                 *         "namespace": "tools/web",
                 *         "project": "shop"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ExportToGit"];
            };
        };
        responses: {
            /** @description the deployment, which waits for the agent */
            202: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "artifact_stored": true,
                     *       "branch": "main",
                     *       "commit_message": "Show the cart",
                     *       "completed_at": "2026-03-14T09:27:21.004518Z",
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "created_by": {
                     *         "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *         "name": "ada"
                     *       },
                     *       "deployment_url": "http://127.0.0.1:20000/",
                     *       "dry_run": false,
                     *       "env_version": 3,
                     *       "environment": "production",
                     *       "error_message": null,
                     *       "id": "0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
                     *       "is_live": true,
                     *       "kind": "static",
                     *       "log": {
                     *         "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                     *         "bytes": 2381,
                     *         "complete": true,
                     *         "dropped_bytes": 0,
                     *         "dropped_lines": 0,
                     *         "lines": 42,
                     *         "removed_at": null
                     *       },
                     *       "metadata": {
                     *         "artifact": {
                     *           "files": 12,
                     *           "root": "9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f",
                     *           "size_bytes": 48213
                     *         },
                     *         "plan": {
                     *           "alternatives": [
                     *             {
                     *               "confidence": 0.2,
                     *               "framework": "none",
                     *               "root_dir": "docs"
                     *             }
                     *           ],
                     *           "build_command": "npm run build",
                     *           "confidence": 0.98,
                     *           "deployable": [
                     *             "static",
                     *             "git"
                     *           ],
                     *           "evidence": [
                     *             "package.json depends on vite",
                     *             "vite.config.ts is there"
                     *           ],
                     *           "framework": "vite",
                     *           "install_command": "npm ci",
                     *           "kind": "static",
                     *           "monorepo": null,
                     *           "output_dir": "dist",
                     *           "package_manager": "npm",
                     *           "root_dir": ".",
                     *           "routing": "single-page",
                     *           "runtime_versions": {
                     *             "node": ">=20"
                     *           },
                     *           "sources": {
                     *             "build_command": "package.json",
                     *             "install_command": "framework",
                     *             "output_dir": "framework"
                     *           },
                     *           "start_command": null,
                     *           "warnings": []
                     *         }
                     *       },
                     *       "preview_url": null,
                     *       "provider": "local",
                     *       "sandbox_id": "0199d3a5-6b1e-7c42-9a53-2f1c8e7d4b60",
                     *       "sandbox_name": "shop",
                     *       "started_at": "2026-03-14T09:26:53.589793Z",
                     *       "status": "success",
                     *       "status_message": null,
                     *       "steps": [
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 1,
                     *           "name": "prepare",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 3,
                     *           "name": "install",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 20,
                     *           "name": "build",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "package",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": null,
                     *           "name": "upload",
                     *           "progress": {
                     *             "done": 48213,
                     *             "total": 48213
                     *           },
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         },
                     *         {
                     *           "completed_at": "2026-03-14T09:27:21.004518Z",
                     *           "first_line": 41,
                     *           "name": "deploy",
                     *           "progress": null,
                     *           "started_at": "2026-03-14T09:26:53.589793Z",
                     *           "state": "done"
                     *         }
                     *       ],
                     *       "target_id": "0199d3a5-6f80-7e11-8c2d-91b3a4c5d6e7",
                     *       "target_name": "preview",
                     *       "waiting_on": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeploymentView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description another target has the name that this one would get */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "another target has the name that this one would get",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    export_tar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "compression": "zstd",
                 *       "root_dir": "apps/web"
                 *     }
                 */
                "application/json": components["schemas"]["ExportTar"] | null;
            };
        };
        responses: {
            /** @description the archive, while it is being made */
            200: {
                headers: {
                    /** @description a file name */
                    "Content-Disposition"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example … */
                    "application/gzip": components["schemas"]["Archive"];
                    /** @example src/ */
                    "application/x-tar": components["schemas"]["Archive"];
                    /** @example (… */
                    "application/zstd": components["schemas"]["Archive"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description what the agent says holds a stored credential and is withheld; rotate it */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "what the agent says holds a stored credential and is withheld; rotate it",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            /** @description too many requests, or too many exports at once; `Retry-After` says when to try again */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "rate_limited",
                     *       "detail": "too many requests, or too many exports at once; `Retry-After` says when to try again",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 429,
                     *       "title": "Too Many Requests",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["internal"];
            /** @description no agent of this sandbox is connected, it does not answer, or it cannot export */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "no agent of this sandbox is connected, it does not answer, or it cannot export",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_zip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "include_git": true
                 *     }
                 */
                "application/json": components["schemas"]["ExportZip"] | null;
            };
        };
        responses: {
            /** @description the archive, while it is being made */
            200: {
                headers: {
                    /** @description a file name */
                    "Content-Disposition"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example PK… */
                    "application/zip": components["schemas"]["Archive"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description what the agent says holds a stored credential and is withheld; rotate it */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "what the agent says holds a stored credential and is withheld; rotate it",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            /** @description too many requests, or too many exports at once; `Retry-After` says when to try again */
            429: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "Retry-After": components["headers"]["Retry-After"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "rate_limited",
                     *       "detail": "too many requests, or too many exports at once; `Retry-After` says when to try again",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 429,
                     *       "title": "Too Many Requests",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["internal"];
            /** @description no agent of this sandbox is connected, it does not answer, or it cannot export */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "no agent of this sandbox is connected, it does not answer, or it cannot export",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_teams: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of teams */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "id": "0199d3a4-5566-7788-99aa-bbccddeeff00",
                     *           "issuer": null,
                     *           "name": "shop",
                     *           "role": "admin"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_TeamView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    create_team: {
        parameters: {
            query?: never;
            header?: {
                /** @description Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "shop"
                 *     }
                 */
                "application/json": components["schemas"]["CreateTeam"];
            };
        };
        responses: {
            /** @description the new team */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "id": "0199d3a4-5566-7788-99aa-bbccddeeff00",
                     *       "issuer": null,
                     *       "name": "shop",
                     *       "role": "admin"
                     *     }
                     */
                    "application/json": components["schemas"]["TeamView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description one can be in 100 teams at most */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "one can be in 100 teams at most",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_team: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TeamId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the team */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "id": "0199d3a4-5566-7788-99aa-bbccddeeff00",
                     *       "issuer": null,
                     *       "name": "shop",
                     *       "role": "admin"
                     *     }
                     */
                    "application/json": components["schemas"]["TeamView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    delete_team: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what was read: the change is refused when it is another one now. */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TeamId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is gone */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            /** @description this team owns sandboxes or targets; remove them first */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this team owns sandboxes or targets; remove them first",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["precondition_failed"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    update_team: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what was read: the change is refused when it is another one now. */
                "If-Match"?: string;
            };
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TeamId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "web shop"
                 *     }
                 */
                "application/json": components["schemas"]["UpdateTeam"];
            };
        };
        responses: {
            /** @description the team as it is now */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "id": "0199d3a4-5566-7788-99aa-bbccddeeff00",
                     *       "issuer": null,
                     *       "name": "shop",
                     *       "role": "admin"
                     *     }
                     */
                    "application/json": components["schemas"]["TeamView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            412: components["responses"]["precondition_failed"];
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_team_members: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TeamId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of members */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "name": "ada",
                     *           "role": "deployer",
                     *           "user_id": "0199d3a4-1122-7334-8556-6778899aabbc"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_MemberView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    set_team_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TeamId"];
                /** @description the id of the user */
                user_id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "deployer"
                 *     }
                 */
                "application/json": components["schemas"]["SetMember"];
            };
        };
        responses: {
            /** @description the member */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "name": "ada",
                     *       "role": "deployer",
                     *       "user_id": "0199d3a4-1122-7334-8556-6778899aabbc"
                     *     }
                     */
                    "application/json": components["schemas"]["MemberView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such team or user */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such team or user",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description this is the last admin of the team, an issuer says who is in it, or the user is in too many teams */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this is the last admin of the team, an issuer says who is in it, or the user is in too many teams",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    remove_team_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["TeamId"];
                /** @description the id of the user */
                user_id: components["schemas"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description they are in the team no more */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            /** @description there is no such team or member */
            404: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "not_found",
                     *       "detail": "there is no such team or member",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 404,
                     *       "title": "Not Found",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description this is the last admin of the team, or an issuer says who is in it */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "this is the last admin of the team, or an issuer says who is in it",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_tokens: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of tokens, without their secrets */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "expires_at": "2026-04-13T09:26:53.589793Z",
                     *           "id": "0199d3a4-9abc-7def-8123-456789abcdef",
                     *           "last_used_at": null,
                     *           "name": "release job",
                     *           "scopes": [
                     *             "read",
                     *             "deploy"
                     *           ]
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_TokenView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    create_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "expires_in_days": 30,
                 *       "name": "release job",
                 *       "scopes": [
                 *         "deploy"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["CreateToken"];
            };
        };
        responses: {
            /** @description the new token, shown only here */
            201: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-03-14T09:26:53.589793Z",
                     *       "expires_at": "2026-04-13T09:26:53.589793Z",
                     *       "id": "0199d3a4-9abc-7def-8123-456789abcdef",
                     *       "name": "release job",
                     *       "scopes": [
                     *         "read",
                     *         "deploy"
                     *       ],
                     *       "token": "slw_EXAMPLE-NOT-A-TOKEN"
                     *     }
                     */
                    "application/json": components["schemas"]["NewTokenView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            /** @description a token cannot make one that reaches further than itself */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "forbidden",
                     *       "detail": "a token cannot make one that reaches further than itself",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 403,
                     *       "title": "Forbidden",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description one can have 200 tokens at most; delete some */
            409: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "conflict",
                     *       "detail": "one can have 200 tokens at most; delete some",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 409,
                     *       "title": "Conflict",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["too_large"];
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    delete_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id of the record */
                id: components["schemas"]["ApiTokenId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it has ended */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            404: components["responses"]["not_found"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    list_users: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /**
                 * @description At most so many items, 1 to 100.
                 * @example 20
                 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of people */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "created_at": "2026-03-14T09:26:53.589793Z",
                     *           "disabled_at": null,
                     *           "has_password": true,
                     *           "id": "0199d3a4-1122-7334-8556-6778899aabbc",
                     *           "is_admin": true,
                     *           "name": "ada"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Page_UserView"];
                };
            };
            401: components["responses"]["unauthenticated"];
            403: components["responses"]["forbidden"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    receive_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As in the address that was made for the provider. */
                hook: string;
                /** @description the id of the provider */
                provider: string;
            };
            cookie?: never;
        };
        /** @description as the provider sends it; at most 1 MiB */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "zen": "Design for failure."
                 *     }
                 */
                "application/json": components["schemas"]["WebhookDelivery"];
            };
        };
        responses: {
            /** @description it is taken, or was taken before */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description it is not proven, or there is no such hook (any more) */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unauthenticated",
                     *       "detail": "it is not proven, or there is no such hook (any more)",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 401,
                     *       "title": "Unauthorized",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: components["responses"]["not_found"];
            /** @description it is larger than anything that is looked at */
            413: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "too_large",
                     *       "detail": "it is larger than anything that is looked at",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 413,
                     *       "title": "Payload Too Large",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            415: components["responses"]["unsupported_media_type"];
            422: components["responses"]["invalid_input"];
            429: components["responses"]["rate_limited"];
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the process runs */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example ok */
                    "text/plain": string;
                };
            };
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the numbers */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP slipway_agents_connected Agents with a session here.
                     *     # TYPE slipway_agents_connected gauge
                     *     slipway_agents_connected 3
                     *     # EOF
                     */
                    "application/openmetrics-text": string;
                };
            };
            /** @description the token of `metrics.token` is missing or wrong */
            401: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unauthenticated",
                     *       "detail": "the token of `metrics.token` is missing or wrong",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 401,
                     *       "title": "Unauthorized",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description without `metrics.token` only this machine may ask */
            403: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "forbidden",
                     *       "detail": "without `metrics.token` only this machine may ask",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 403,
                     *       "title": "Forbidden",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["internal"];
            503: components["responses"]["unavailable"];
        };
    };
    get_readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the process can do its work */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example ready */
                    "text/plain": string;
                };
            };
            500: components["responses"]["internal"];
            /** @description the database does not answer, or the process is about to end */
            503: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "unavailable",
                     *       "detail": "the database does not answer, or the process is about to end",
                     *       "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                     *       "status": 503,
                     *       "title": "Service Unavailable",
                     *       "type": "about:blank"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
