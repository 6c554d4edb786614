//! Tokens of forges, package registries, build services and tools of development.

use super::format::{Format, Part, UUID, format};
use crate::bytes::{ALNUM, BASE64, BASE64_URL, DIGITS, HEX, LOWER_NUM, UPPER_NUM};

/// The formats of this family.
pub(super) static FORMATS: &[Format] = &[
    format(
        "github-token",
        "a GitHub token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        &[Part::Run(ALNUM, 36, 76)],
    )
    .checked(super::proof::crc_base62),
    format(
        "github-fine-grained-token",
        "a fine-grained GitHub token",
        &["github_pat_"],
        &[Part::Run(ALNUM, 22, 22), Part::Text("_"), Part::Run(ALNUM, 59, 59)],
    )
    .checked(super::proof::crc_base62),
    format(
        "gitlab-token",
        "a GitLab token",
        &[
            "glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glft-", "glimt-", "glagent-", "gloas-",
            "glsoat-", "glffct-",
        ],
        &[Part::Run(BASE64_URL, 20, 80)],
    ),
    format(
        "gitlab-runner-token",
        "a GitLab runner registration token",
        &["GR1348941"],
        &[Part::Run(BASE64_URL, 20, 20)],
    ),
    format(
        "bitbucket-token",
        "a Bitbucket token",
        &["ATBB"],
        &[Part::Run(ALNUM, 32, 32), Part::Maybe("E", HEX, 7, 7)],
    ),
    format(
        "atlassian-token",
        "an Atlassian token",
        &["ATATT3xFfG", "ATCTT3xFfG", "ATSTT3xFfG"],
        &[Part::Run(BASE64, 100, 240)],
    ),
    format("npm-token", "an npm token", &["npm_"], &[Part::Run(ALNUM, 36, 36)])
        .checked(super::proof::crc_base62),
    format(
        "pypi-token",
        "a PyPI token",
        &["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"],
        &[Part::Run(BASE64_URL, 50, 1000)],
    ),
    format("rubygems-key", "a RubyGems key", &["rubygems_"], &[Part::Run(HEX, 48, 48)]),
    format("crates-io-token", "a crates.io token", &["cio"], &[Part::Run(ALNUM, 32, 32)])
        .checked(super::proof::mixed),
    format("nuget-key", "a NuGet key", &["oy2"], &[Part::Run(LOWER_NUM, 43, 43)]),
    format(
        "docker-hub-token",
        "a Docker Hub token",
        &["dckr_pat_", "dckr_oat_"],
        &[Part::Run(BASE64_URL, 27, 32)],
    ),
    format("artifactory-token", "an Artifactory token", &["AKCp"], &[Part::Run(ALNUM, 60, 100)]),
    format(
        "artifactory-reference-token",
        "an Artifactory reference token",
        &["cmVmdGtu"],
        &[Part::Run(ALNUM, 56, 56)],
    ),
    format("clojars-token", "a Clojars token", &["CLOJARS_"], &[Part::Run(HEX, 60, 60)]),
    format(
        "circleci-token",
        "a CircleCI token",
        &["CCIPAT_", "CCIPRJ_"],
        &[Part::Run(ALNUM, 22, 22), Part::Text("_"), Part::Run(HEX, 40, 40)],
    ),
    format("buildkite-token", "a Buildkite token", &["bkua_"], &[Part::Run(HEX, 40, 40)]),
    format(
        "teamcity-token",
        "a TeamCity token",
        &["eyJ0eXAiOiAiVENWMiJ9."],
        &[Part::Run(BASE64_URL, 36, 36), Part::Text("."), Part::Run(BASE64, 48, 48)],
    ),
    format("sonar-token", "a Sonar token", &["squ_", "sqp_", "sqa_"], &[Part::Run(HEX, 40, 40)]),
    format("prefect-key", "a Prefect key", &["pnu_", "pnb_"], &[Part::Run(ALNUM, 36, 36)]),
    format(
        "postman-key",
        "a Postman key",
        &["PMAK-"],
        &[Part::Run(HEX, 24, 24), Part::Text("-"), Part::Run(HEX, 34, 34)],
    ),
    format("sentry-token", "a Sentry token", &["sntryu_"], &[Part::Run(HEX, 64, 64)]),
    format(
        "sentry-organization-token",
        "a Sentry organisation token",
        &["sntrys_eyJ"],
        &[Part::Run(BASE64, 80, 400), Part::Text("_"), Part::Run(BASE64, 43, 44)],
    ),
    format(
        "harness-token",
        "a Harness token",
        &["pat.", "sat."],
        &[
            Part::Run(BASE64_URL, 22, 22),
            Part::Text("."),
            Part::Run(HEX, 24, 24),
            Part::Text("."),
            Part::Run(ALNUM, 20, 20),
        ],
    ),
    format("octopus-key", "an Octopus Deploy key", &["API-"], &[Part::Run(UPPER_NUM, 25, 27)])
        .checked(super::proof::mixed),
    format("figma-token", "a Figma token", &["figd_", "figdr_", "figu_"], &[Part::Run(BASE64_URL, 38, 60)]),
    format("notion-token", "a Notion token", &["ntn_", "secret_"], &[Part::Run(ALNUM, 43, 50)])
        .checked(super::proof::mixed),
    format("linear-key", "a Linear key", &["lin_api_", "lin_oauth_"], &[Part::Run(ALNUM, 40, 64)]),
    format("airtable-token", "an Airtable token", &["."], &[Part::Run(HEX, 64, 64)]).after(ALNUM, 17, 17),
    format(
        "asana-token",
        "an Asana token",
        &["0/", "1/", "2/"],
        &[
            Part::Run(DIGITS, 12, 17),
            Part::Maybe("/", DIGITS, 12, 17),
            Part::Text(":"),
            Part::Run(HEX, 32, 32),
        ],
    ),
    format("asana-token", "an Asana token", &["0/", "1/", "2/"], &[Part::Run(HEX, 32, 32)]),
    format(
        "clickup-token",
        "a ClickUp token",
        &["pk_"],
        &[Part::Run(DIGITS, 6, 9), Part::Text("_"), Part::Run(ALNUM, 32, 32)],
    ),
    format("typeform-token", "a Typeform token", &["tfp_"], &[Part::Run(BASE64_URL, 43, 65)]),
    format("contentful-token", "a Contentful token", &["CFPAT-"], &[Part::Run(BASE64_URL, 43, 64)]),
    format("readme-key", "a ReadMe key", &["rdme_"], &[Part::Run(LOWER_NUM, 70, 70)]),
    format("adafruit-key", "an Adafruit IO key", &["aio_"], &[Part::Run(ALNUM, 28, 28)]),
    format("adobe-client-secret", "an Adobe client secret", &["p8e-"], &[Part::Run(BASE64_URL, 32, 32)]),
    format("age-identity", "an age identity", &["AGE-SECRET-KEY-1"], &[Part::Run(UPPER_NUM, 58, 58)]),
    format("age-recipient", "an age recipient", &["age1"], &[Part::Run(LOWER_NUM, 58, 58)]).scored(0.5),
    format(
        "onepassword-secret-key",
        "a 1Password secret key",
        &["A3-"],
        &[
            Part::Run(UPPER_NUM, 6, 6),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 6, 6),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 5, 5),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 5, 5),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 5, 5),
        ],
    )
    .checked(super::proof::mixed),
    format(
        "onepassword-secret-key",
        "a 1Password secret key",
        &["A3-"],
        &[
            Part::Run(UPPER_NUM, 6, 6),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 11, 11),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 5, 5),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 5, 5),
            Part::Text("-"),
            Part::Run(UPPER_NUM, 5, 5),
        ],
    )
    .checked(super::proof::mixed),
    format(
        "onepassword-service-token",
        "a 1Password service account token",
        &["ops_eyJ"],
        &[Part::Run(BASE64, 250, 2000)],
    ),
    format("infracost-token", "an Infracost token", &["ico-"], &[Part::Run(ALNUM, 32, 32)]),
    format("launchdarkly-key", "a LaunchDarkly key", &["api-", "sdk-", "mob-"], UUID),
    format("truenas-key", "a TrueNAS key", &["-"], &[Part::Run(ALNUM, 64, 64)]).after(DIGITS, 1, 3),
    format("frame-io-token", "a Frame.io token", &["fio-u-"], &[Part::Run(BASE64_URL, 64, 64)]),
    format(
        "mapbox-token",
        "a Mapbox token",
        &["pk.eyJ", "sk.eyJ", "tk.eyJ"],
        &[Part::Run(BASE64_URL, 20, 300), Part::Text("."), Part::Run(BASE64_URL, 20, 60)],
    ),
    format(
        "sidekiq-credential",
        "Sidekiq Enterprise credentials",
        &["BUNDLE_ENTERPRISE__CONTRIBSYS__COM=", "BUNDLE_GEMS__CONTRIBSYS__COM="],
        &[Part::Run(HEX, 8, 8), Part::Text(":"), Part::Run(HEX, 8, 8)],
    ),
];
