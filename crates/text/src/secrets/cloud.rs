//! Keys of clouds, hosting, infrastructure tools and databases as a service.

use super::format::{Format, Part, UUID, form, format};
use crate::bytes::{ALNUM, BASE64, BASE64_URL, DIGITS, HEX, HOST, LOWER_NUM, TILDE, UPPER_NUM, WORD};

/// Score of the name of a tenant, bucket or account: shown, yet no credential by itself.
const TENANT: f32 = 0.5;

/// The formats of this family.
pub(super) static FORMATS: &[Format] = &[
    format("aws-access-key-id", "an AWS access key id", &["A3T"], &[Part::Run(UPPER_NUM, 17, 17)])
        .checked(super::proof::aws_access_key),
    format(
        "aws-access-key-id",
        "an AWS access key id",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        &[Part::Run(UPPER_NUM, 16, 16)],
    )
    .checked(super::proof::aws_access_key),
    format("aws-mws-token", "an Amazon MWS token", &["amzn.mws."], UUID),
    format("aws-bedrock-key", "an Amazon Bedrock key", &["ABSK"], &[Part::Run(BASE64, 100, 270)]),
    format(
        "aws-bedrock-short-key",
        "a short-lived Amazon Bedrock key",
        &["bedrock-api-key-"],
        &[Part::Run(BASE64, 40, 2000)],
    ),
    format("google-api-key", "a Google API key", &["AIza"], &[Part::Run(BASE64_URL, 35, 35)]),
    format("google-oauth-token", "a Google OAuth access token", &["ya29."], &[Part::Run(TILDE, 20, 1024)]),
    format(
        "google-oauth-secret",
        "a Google OAuth client secret",
        &["GOCSPX-"],
        &[Part::Run(BASE64_URL, 28, 28)],
    ),
    format(
        "google-refresh-token",
        "a Google OAuth refresh token",
        &["1//0"],
        &[Part::Run(BASE64_URL, 40, 200)],
    ),
    format("google-client-id", "a Google OAuth client id", &[".apps.googleusercontent.com"], &[])
        .after(HOST, 20, 80)
        .checked(form)
        .scored(0.6),
    format("google-storage-bucket", "a Google Cloud storage bucket", &[".storage.googleapis.com"], &[])
        .after(HOST, 3, 63)
        .checked(form)
        .scored(TENANT),
    format(
        "google-storage-bucket",
        "a Google Cloud storage bucket",
        &["storage.googleapis.com/", "storage.cloud.google.com/"],
        &[Part::Run(HOST, 3, 63)],
    )
    .checked(form)
    .scored(TENANT),
    format("entra-client-secret", "a Microsoft Entra client secret", &["Q~"], &[Part::Run(TILDE, 31, 34)])
        .after(TILDE, 4, 4),
    format("azure-devops-token", "an Azure DevOps token", &["AZDO"], &[Part::Run(ALNUM, 4, 4)])
        .after(ALNUM, 76, 76),
    format(
        "azure-key",
        "an Azure resource key",
        &["+ASt", "+ASb", "+AEh", "+ARm", "+ACR"],
        &[Part::Run(BASE64, 6, 10)],
    )
    .after(BASE64, 30, 80),
    format("azure-key", "an Azure resource key", &["AzSe", "AzFu", "AzCa"], &[Part::Run(BASE64, 4, 8)])
        .after(BASE64, 40, 52),
    // The common annotated form of Azure: 84 characters, its mark behind 52, its service behind 76.
    format("azure-ai-key", "an Azure AI key", &["JQQJ99"], &[Part::Run(ALNUM, 26, 26)]).after(ALNUM, 52, 52),
    format("azure-ai-key", "an Azure AI key", &["ACOG"], &[Part::Run(ALNUM, 4, 4)]).after(ALNUM, 76, 76),
    format(
        "digitalocean-token",
        "a DigitalOcean token",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        &[Part::Run(HEX, 64, 64)],
    ),
    format("alibaba-access-key", "an Alibaba Cloud access key id", &["LTAI"], &[Part::Run(ALNUM, 12, 20)]),
    format("tencent-secret-id", "a Tencent Cloud secret id", &["AKID"], &[Part::Run(ALNUM, 32, 32)]),
    format("scaleway-access-key", "a Scaleway access key", &["SCW"], &[Part::Run(UPPER_NUM, 17, 17)]),
    format(
        "fly-access-token",
        "a Fly.io access token",
        &["fo1_", "fm1_", "fm1a_", "fm1r_", "fm2_"],
        &[Part::Run(BASE64, 40, 2000)],
    ),
    format("render-key", "a Render key", &["rnd_"], &[Part::Run(ALNUM, 28, 40)]),
    format(
        "netlify-token",
        "a Netlify token",
        &["nfp_", "nfc_", "nfo_", "nfu_"],
        &[Part::Run(ALNUM, 36, 36)],
    ),
    format("heroku-key", "a Heroku key", &["HRKU-"], &[Part::Run(BASE64_URL, 36, 80)]),
    format(
        "cloudflare-origin-key",
        "a Cloudflare origin CA key",
        &["v1.0-"],
        &[Part::Run(HEX, 20, 32), Part::Text("-"), Part::Run(HEX, 140, 150)],
    ),
    format(
        "doppler-token",
        "a Doppler token",
        &["dp.pt.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit.", "dp.st."],
        &[Part::Run(TILDE, 40, 80)],
    ),
    format("pulumi-token", "a Pulumi access token", &["pul-"], &[Part::Run(HEX, 40, 40)]),
    format(
        "terraform-cloud-token",
        "a Terraform Cloud or Vagrant token",
        &[".atlasv1."],
        &[Part::Run(BASE64_URL, 60, 75)],
    )
    .after(ALNUM, 14, 14),
    format(
        "vault-token",
        "a HashiCorp Vault token",
        &["hvs.", "hvb.", "hvr."],
        &[Part::Run(BASE64_URL, 24, 400)],
    )
    .checked(super::proof::mixed),
    format("vault-legacy-token", "a HashiCorp Vault token", &["s.", "b.", "r."], &[Part::Run(ALNUM, 24, 24)])
        .checked(super::proof::mixed),
    format(
        "databricks-token",
        "a Databricks token",
        &["dapi", "dose"],
        &[Part::Run(HEX, 32, 32), Part::Maybe("-", DIGITS, 1, 2)],
    ),
    format(
        "planetscale-token",
        "a PlanetScale credential",
        &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        &[Part::Run(TILDE, 32, 64)],
    ),
    format("supabase-token", "a Supabase token", &["sbp_"], &[Part::Run(LOWER_NUM, 40, 40)]),
    format("neon-key", "a Neon key", &["napi_"], &[Part::Run(LOWER_NUM, 60, 70)]),
    format("clickhouse-cloud-key", "a ClickHouse Cloud key", &["4b1d"], &[Part::Run(ALNUM, 38, 38)]),
    format("aiven-password", "an Aiven password", &["AVNS_"], &[Part::Run(WORD, 16, 24)]),
    format("yandex-key", "a Yandex Cloud key", &["AQVN"], &[Part::Run(BASE64_URL, 35, 40)]),
    format(
        "yandex-token",
        "a Yandex Cloud token",
        &["t1."],
        &[Part::Run(BASE64_URL, 10, 300), Part::Text("."), Part::Run(BASE64_URL, 86, 86)],
    ),
    format("openshift-token", "an OpenShift token", &["sha256~"], &[Part::Run(BASE64_URL, 43, 43)]),
    format(
        "tailscale-key",
        "a Tailscale key",
        &["tskey-"],
        &[Part::Run(ALNUM, 3, 60), Part::Maybe("-", ALNUM, 5, 40), Part::Maybe("-", ALNUM, 8, 60)],
    ),
    format("scalingo-token", "a Scalingo token", &["tk-us-"], &[Part::Run(BASE64_URL, 48, 48)]),
    format("snowflake-account", "a Snowflake account", &[".snowflakecomputing.com"], &[])
        .after(HOST, 4, 80)
        .checked(form)
        .scored(TENANT),
    format("okta-domain", "an Okta domain", &[".okta.com", ".oktapreview.com", ".okta-emea.com"], &[])
        .after(HOST, 3, 60)
        .checked(form)
        .scored(TENANT),
    format("auth0-domain", "an Auth0 domain", &[".auth0.com"], &[])
        .after(HOST, 3, 60)
        .checked(form)
        .scored(TENANT),
    format("atlassian-domain", "an Atlassian site", &[".atlassian.net"], &[])
        .after(HOST, 3, 60)
        .checked(form)
        .scored(TENANT),
    format("salesforce-instance", "a Salesforce instance", &[".salesforce.com"], &[])
        .after(HOST, 3, 60)
        .checked(form)
        .scored(TENANT),
    format("jfrog-instance", "a JFrog instance", &[".jfrog.io"], &[])
        .after(HOST, 1, 60)
        .checked(form)
        .scored(TENANT),
    format(
        "azure-devops-organization",
        "an Azure DevOps organisation",
        &["dev.azure.com/"],
        &[Part::Run(BASE64_URL, 3, 50)],
    )
    .checked(form)
    .scored(TENANT),
    format(
        "azure-storage-account",
        "an Azure storage account",
        &[
            ".blob.core.windows.net",
            ".queue.core.windows.net",
            ".table.core.windows.net",
            ".file.core.windows.net",
        ],
        &[],
    )
    .after(LOWER_NUM, 3, 24)
    .checked(form)
    .scored(TENANT),
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
