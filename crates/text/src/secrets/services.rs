//! Keys of payment, mail, chat, monitoring and other online services.

use super::format::{Format, Part, UUID, form, format};
use crate::bytes::{ALNUM, BASE64, BASE64_URL, DIGITS, HEX, HOST, LOWER_NUM, TILDE, UPPER_NUM};

/// The formats of this family.
pub(super) static FORMATS: &[Format] = &[
    format(
        "stripe-key",
        "a Stripe key",
        // Not `pk_`: publishable keys stand in pages for everyone to read.
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_", "rk_prod_"],
        &[Part::Run(ALNUM, 10, 250)],
    ),
    format("stripe-webhook-secret", "a Stripe webhook secret", &["whsec_"], &[Part::Run(BASE64, 32, 64)]),
    format("square-token", "a Square token", &["EAAA"], &[Part::Run(BASE64_URL, 60, 60)]),
    format("square-token", "a Square token", &["sq0atp-", "sq0idp-"], &[Part::Run(BASE64_URL, 22, 22)]),
    format("square-secret", "a Square secret", &["sq0csp-"], &[Part::Run(BASE64_URL, 43, 43)]),
    format(
        "braintree-token",
        "a Braintree token",
        &["access_token$production$", "access_token$sandbox$"],
        &[Part::Run(LOWER_NUM, 16, 16), Part::Text("$"), Part::Run(HEX, 32, 32)],
    ),
    format(
        "plaid-token",
        "a Plaid token",
        &["access-sandbox-", "access-development-", "access-production-"],
        UUID,
    ),
    format("razorpay-key", "a Razorpay key", &["rzp_live_", "rzp_test_"], &[Part::Run(ALNUM, 14, 14)]),
    format(
        "flutterwave-key",
        "a Flutterwave key",
        &["FLWSECK_TEST-", "FLWPUBK_TEST-", "FLWSECK-", "FLWPUBK-"],
        &[Part::Run(LOWER_NUM, 12, 32), Part::Text("-X")],
    ),
    format(
        "shopify-token",
        "a Shopify token",
        &["shpat_", "shpca_", "shppa_", "shpss_", "shptka_"],
        &[Part::Run(HEX, 32, 32)],
    ),
    format("lob-key", "a Lob key", &["live_", "test_"], &[Part::Run(HEX, 35, 35)]),
    format("easypost-token", "an EasyPost token", &["EZAK", "EZTK"], &[Part::Run(ALNUM, 54, 54)]),
    format("shippo-token", "a Shippo token", &["shippo_live_", "shippo_test_"], &[Part::Run(HEX, 40, 40)]),
    format(
        "duffel-token",
        "a Duffel token",
        &["duffel_test_", "duffel_live_"],
        &[Part::Run(BASE64_URL, 43, 43)],
    ),
    format("mailgun-key", "a Mailgun key", &["key-", "pubkey-"], &[Part::Run(HEX, 32, 32)]),
    format(
        "mailgun-key",
        "a Mailgun key",
        &["-"],
        &[Part::Run(HEX, 8, 8), Part::Text("-"), Part::Run(HEX, 8, 8)],
    )
    .after(HEX, 32, 32),
    format("mailchimp-key", "a Mailchimp key", &["-us"], &[Part::Run(DIGITS, 1, 2)]).after(HEX, 32, 32),
    format(
        "sendgrid-key",
        "a SendGrid key",
        &["SG."],
        &[Part::Run(BASE64_URL, 20, 24), Part::Text("."), Part::Run(BASE64_URL, 39, 50)],
    ),
    format(
        "brevo-key",
        "a Brevo key",
        &["xkeysib-", "xsmtpsib-"],
        &[Part::Run(HEX, 64, 64), Part::Text("-"), Part::Run(ALNUM, 16, 16)],
    ),
    format(
        "resend-key",
        "a Resend key",
        &["re_"],
        &[Part::Run(ALNUM, 8, 12), Part::Text("_"), Part::Run(ALNUM, 20, 30)],
    ),
    format("twilio-key", "a Twilio API key", &["SK"], &[Part::Run(HEX, 32, 32)]),
    format("twilio-account", "a Twilio account", &["AC"], &[Part::Run(HEX, 32, 32)]).scored(0.7),
    format(
        "slack-token",
        "a Slack token",
        &[
            "xoxb-",
            "xoxp-",
            "xoxa-",
            "xoxr-",
            "xoxs-",
            "xoxo-",
            "xoxc-",
            "xoxd-",
            "xoxe-",
            "xoxe.xoxp-",
            "xoxe.xoxb-",
        ],
        &[Part::Run(BASE64_URL, 20, 300)],
    )
    .checked(super::proof::mixed),
    format(
        "slack-app-token",
        "a Slack app token",
        &["xapp-"],
        &[
            Part::Run(DIGITS, 1, 1),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 8, 15),
            Part::Text("-"),
            Part::Run(DIGITS, 8, 15),
            Part::Text("-"),
            Part::Run(LOWER_NUM, 20, 70),
        ],
    ),
    format(
        "slack-webhook",
        "a Slack webhook",
        &["hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/"],
        &[
            Part::Run(UPPER_NUM, 8, 12),
            Part::Text("/"),
            Part::Run(ALNUM, 8, 20),
            Part::Text("/"),
            Part::Run(BASE64, 20, 60),
        ],
    ),
    format(
        "discord-token",
        "a Discord bot token",
        &["."],
        &[Part::Run(BASE64_URL, 6, 6), Part::Text("."), Part::Run(BASE64_URL, 27, 38)],
    )
    .after(BASE64_URL, 24, 28)
    .checked(super::proof::mixed),
    format(
        "discord-webhook",
        "a Discord webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        &[Part::Run(DIGITS, 17, 20), Part::Text("/"), Part::Run(BASE64_URL, 60, 72)],
    ),
    format("telegram-token", "a Telegram bot token", &[":AA"], &[Part::Run(BASE64_URL, 32, 33)])
        .after(DIGITS, 6, 12),
    format(
        "telegram-token",
        "a Telegram bot token",
        &["tgram://", "api.telegram.org/bot"],
        &[Part::Run(DIGITS, 6, 12), Part::Text(":"), Part::Run(BASE64_URL, 32, 36)],
    ),
    format(
        "teams-webhook",
        "a Microsoft Teams webhook",
        &["webhook.office.com/webhookb2/", "outlook.office.com/webhook/"],
        &[
            Part::Run(BASE64_URL, 36, 36),
            Part::Text("@"),
            Part::Run(BASE64_URL, 36, 36),
            Part::Text("/IncomingWebhook/"),
            Part::Run(ALNUM, 20, 40),
        ],
    ),
    format(
        "tines-webhook",
        "a Tines webhook",
        &[".tines.com/webhook/", ".tines.io/webhook/"],
        &[Part::Run(ALNUM, 16, 64), Part::Text("/"), Part::Run(ALNUM, 16, 64)],
    )
    .after(HOST, 1, 60),
    format(
        "thingsboard-token",
        "a ThingsBoard access token",
        &["thingsboard.cloud/api/v1/", "thingsboard.io/api/v1/"],
        &[Part::Run(ALNUM, 20, 20), Part::Text("/")],
    ),
    format("pubnub-key", "a PubNub key", &["pub-c-", "sub-c-", "sec-c-"], UUID).checked(form),
    format("ubidots-token", "a Ubidots token", &["BBFF-", "BBUS-"], &[Part::Run(ALNUM, 30, 36)]),
    format("fullstory-key", "a FullStory key", &["na1.", "eu1."], &[Part::Run(BASE64, 60, 120)])
        .checked(super::proof::mixed),
    format("dfuse-key", "a dfuse API key", &["web_", "mobile_", "server_"], &[Part::Run(HEX, 32, 32)])
        .checked(super::proof::mixed),
    format(
        "zapier-webhook",
        "a Zapier webhook",
        &["hooks.zapier.com/hooks/catch/"],
        &[Part::Run(DIGITS, 4, 12), Part::Text("/"), Part::Run(ALNUM, 5, 20)],
    ),
    format("facebook-token", "a Facebook access token", &["EAA"], &[Part::Run(ALNUM, 80, 300)]),
    format("facebook-token", "a Facebook access token", &["EAACEdEose0cBA"], &[Part::Run(ALNUM, 10, 300)]),
    format(
        "twitter-bearer",
        "a Twitter bearer token",
        &["AAAAAAAAAAAAAAAAAAAAA"],
        &[Part::Run(BASE64, 60, 120)],
    ),
    format(
        "linkedin-secret",
        "a LinkedIn client secret",
        &["WPL_AP"],
        &[
            Part::Run(DIGITS, 1, 1),
            Part::Text("."),
            Part::Run(ALNUM, 16, 20),
            Part::Text("."),
            Part::Run(BASE64, 8, 12),
        ],
    ),
    format("dropbox-token", "a Dropbox token", &["sl."], &[Part::Run(BASE64_URL, 60, 1500)]),
    format(
        "zoho-token",
        "a Zoho token",
        &["1000."],
        &[Part::Run(HEX, 32, 32), Part::Text("."), Part::Run(HEX, 32, 32)],
    ),
    format("hubspot-token", "a HubSpot token", &["pat-na1-", "pat-eu1-", "pat-na2-", "pat-ap1-"], UUID),
    format(
        "salesforce-token",
        "a Salesforce session",
        &["00D"],
        &[Part::Run(ALNUM, 12, 15), Part::Text("!"), Part::Run(TILDE, 80, 120)],
    ),
    format("klaviyo-key", "a Klaviyo key", &["pk_"], &[Part::Run(HEX, 34, 34)]),
    format("ionic-token", "an Ionic token", &["ion_"], &[Part::Run(ALNUM, 42, 42)]),
    format(
        "grafana-service-token",
        "a Grafana service account token",
        &["glsa_"],
        &[Part::Run(ALNUM, 32, 32), Part::Text("_"), Part::Run(HEX, 8, 8)],
    ),
    format("grafana-cloud-token", "a Grafana Cloud token", &["glc_eyJ"], &[Part::Run(BASE64, 30, 400)]),
    format("grafana-key", "a Grafana API key", &["eyJrIjoi"], &[Part::Run(BASE64, 60, 400)]),
    format(
        "dynatrace-token",
        "a Dynatrace token",
        &["dt0a01.", "dt0b01.", "dt0c01.", "dt0e01.", "dt0s01.", "dt0s02.", "dt0s08.", "dt0s16."],
        &[Part::Run(UPPER_NUM, 8, 24), Part::Text("."), Part::Run(UPPER_NUM, 64, 64)],
    ),
    format("new-relic-user-key", "a New Relic user key", &["NRAK-"], &[Part::Run(UPPER_NUM, 27, 27)]),
    format(
        "new-relic-key",
        "a New Relic key",
        &["NRAA-", "NRII-", "NRIQ-", "NRJS-", "NRRA-", "NRSP-"],
        &[Part::Run(BASE64_URL, 19, 60)],
    ),
    format("new-relic-license", "a New Relic licence key", &["NRAL"], &[]).after(ALNUM, 36, 36).checked(form),
    format("new-relic-pixie-key", "a New Relic Pixie key", &["px-api-", "px-dep-"], UUID),
    format("posthog-key", "a PostHog key", &["phc_", "phx_"], &[Part::Run(ALNUM, 40, 50)]),
    format(
        "cloudinary-address",
        "a Cloudinary address",
        &["cloudinary://"],
        &[Part::Run(DIGITS, 12, 18), Part::Text(":"), Part::Run(BASE64_URL, 20, 40), Part::Text("@")],
    ),
    format("beamer-token", "a Beamer token", &["b_"], &[Part::Run(BASE64_URL, 44, 44)])
        .checked(super::proof::mixed),
    format("recaptcha-key", "a reCAPTCHA key", &["6L"], &[Part::Run(BASE64_URL, 38, 38)]),
    format(
        "rapidapi-key",
        "a RapidAPI key",
        &["msh"],
        &[
            Part::Run(LOWER_NUM, 6, 6),
            Part::Text("p1"),
            Part::Run(LOWER_NUM, 6, 6),
            Part::Text("jsn"),
            Part::Run(LOWER_NUM, 12, 12),
        ],
    )
    .after(LOWER_NUM, 10, 10),
];

#[cfg(test)]
mod tests {
    use super::super::format::testing::tokens_are_taken_and_near_misses_are_not;
    use super::FORMATS;

    #[test]
    fn every_format_takes_its_token_and_no_near_miss() {
        tokens_are_taken_and_near_misses_are_not(FORMATS);
    }
}
