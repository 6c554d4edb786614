//! Names of packages that many use, and names that are taken for them.
//!
//! The lists are our own, made of packages of machine learning and what these stand on. A name on a list is never
//! reported. Slips: Vu et al., *Typosquatting and combosquatting attacks on the Python ecosystem* (2020), section 3.

mod slip;

pub(crate) use slip::is_one_slip;

use super::Ecosystem;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Why a name is suspicious.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// One slip of the keyboard, look-alike characters or other separators away from a name.
    Slip(String),
    /// A name that people and models take for that of a package, which is called otherwise.
    Misnomer(&'static str),
}

/// What `name`, as the ecosystem compares names, is taken for; `None` for known names and for all others.
pub(crate) fn likeness(ecosystem: Ecosystem, name: &str) -> Option<Likeness> {
    let known: &HashSet<&'static str> = match ecosystem {
        Ecosystem::PyPi => &PYPI,
        Ecosystem::Npm => &NPM,
        Ecosystem::Crates => &CRATES,
    };
    if known.contains(name) || NEIGHBOURS.contains(&name) {
        return None;
    }
    if ecosystem == Ecosystem::PyPi
        && let Some((_, meant)) = MISNOMERS.iter().find(|(wrong, _)| *wrong == name)
    {
        return Some(Likeness::Misnomer(meant));
    }
    let folded = bare(name);
    let mut near: Vec<&str> = known
        .iter()
        .copied()
        .filter(|popular| popular.len() >= SHORTEST)
        .filter(|popular| {
            is_one_slip(name, popular) && name.len() >= SHORTEST && !is_plain_variant(name, popular)
                || folded == bare(popular)
        })
        .collect();
    near.sort_unstable();
    if let Some(popular) = near.first() {
        return Some(Likeness::Slip((*popular).to_owned()));
    }
    scoped(ecosystem, name).or_else(|| server(name)).or_else(|| misnamed(ecosystem, name)).map(Likeness::Slip)
}

/// The server for agents (`mcp-server-…`) that `name` is one slip from.
fn server(name: &str) -> Option<String> {
    let named = name.strip_prefix("mcp-server-").filter(|named| named.len() >= SHORTEST)?;
    let meant =
        SERVER_IMAGES.iter().find(|meant| is_one_slip(named, meant) && !is_plain_variant(named, meant))?;
    (!SERVER_IMAGES.contains(&named)).then(|| format!("mcp-server-{meant}"))
}

/// The package behind the long name that people write for it, when `name` is one slip from that: `skelarn`.
fn misnamed(ecosystem: Ecosystem, name: &str) -> Option<String> {
    const LONG: usize = 7;
    if ecosystem != Ecosystem::PyPi {
        return None;
    }
    let near =
        |wrong: &str| wrong.len() >= LONG && is_one_slip(name, wrong) && !is_plain_variant(name, wrong);
    MISNOMERS.iter().find(|(wrong, _)| near(wrong)).map(|(_, meant)| (*meant).to_owned())
}

/// The name under the scope that the scope of `name` is taken for: whoever owns the other can publish any package below it.
fn scoped(ecosystem: Ecosystem, name: &str) -> Option<String> {
    let (scope, package) = name.strip_prefix('@')?.split_once('/').filter(|_| ecosystem == Ecosystem::Npm)?;
    let known = |scope: &str| SCOPES.contains(&scope);
    let meant = SCOPES.iter().find(|meant| {
        is_one_slip(scope, meant) && !is_plain_variant(scope, meant) || bare(scope) == bare(meant)
    });
    meant.filter(|_| !known(scope)).map(|meant| format!("@{meant}/{package}"))
}

/// The image of the catalogue of servers for agents (`mcp/…` of Docker Hub) that `repository` is one slip from.
pub(crate) fn image_likeness(repository: &str) -> Option<String> {
    let path = repository.strip_prefix("docker.io/").unwrap_or(repository);
    let name = path.strip_prefix("mcp/")?;
    let name = name.split([':', '@']).next().unwrap_or(name);
    let meant = SERVER_IMAGES.iter().find(|meant| is_one_slip(name, meant) && !SERVER_IMAGES.contains(&name));
    meant.map(|meant| format!("mcp/{meant}"))
}

/// Scopes of npm under which agents, models and clouds publish.
static SCOPES: &[&str] = &[
    "modelcontextprotocol",
    "anthropic-ai",
    "huggingface",
    "langchain",
    "openai",
    "openrouter",
    "cloudflare",
    "microsoft",
    "playwright",
    "pinecone-database",
    "tensorflow",
    "supabase",
    "upstash",
    "aws-sdk",
];

/// Images of that catalogue that many run.
static SERVER_IMAGES: &[&str] = &[
    "atlassian",
    "brave-search",
    "context7",
    "elasticsearch",
    "everart",
    "fetch",
    "filesystem",
    "github",
    "gitlab",
    "google-maps",
    "grafana",
    "memory",
    "mongodb",
    "notion",
    "playwright",
    "postgres",
    "puppeteer",
    "redis",
    "sentry",
    "sequentialthinking",
    "slack",
    "sqlite",
    "stripe",
];

/// `name` with look-alike digits and pairs of letters (`rn` for `m`, `vv` for `w`) as what they look like, and without
/// separators.
fn bare(name: &str) -> String {
    let folded = bartizan_text::injection::canonical::Canonical::of(name);
    let letters = folded.text().chars().filter(|c| !matches!(c, '-' | '_' | '.'));
    letters
        .map(|c| match c {
            '0' => 'o',
            '1' => 'l',
            '5' => 's',
            other => other,
        })
        .collect::<String>()
        .replace("rn", "m")
        .replace("vv", "w")
}

/// A change that makes honest names: a version's digit at the end.
fn is_plain_variant(name: &str, popular: &str) -> bool {
    let stem = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    stem(name) == stem(popular)
}

fn list(text: &'static str) -> HashSet<&'static str> {
    text.split_whitespace().collect()
}

static PYPI: LazyLock<HashSet<&'static str>> = LazyLock::new(|| list(include_str!("pypi.txt")));
static NPM: LazyLock<HashSet<&'static str>> = LazyLock::new(|| list(include_str!("npm.txt")));
static CRATES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| list(include_str!("crates.txt")));

/// Shortest name that slips are looked for at: among shorter ones most neighbours are honest.
const SHORTEST: usize = 5;

/// Names that are not the package's, and the package's.
static MISNOMERS: &[(&str, &str)] = &[
    ("huggingface-cli", "huggingface-hub"),
    ("pytorch", "torch"),
    ("sklearn", "scikit-learn"),
    ("skimage", "scikit-image"),
    ("cv2", "opencv-python"),
    ("opencv", "opencv-python"),
    ("pil", "pillow"),
    ("yaml", "pyyaml"),
    ("dotenv", "python-dotenv"),
    ("faiss", "faiss-cpu"),
    ("beautifulsoup", "beautifulsoup4"),
    ("whisper", "openai-whisper"),
    ("llama-cpp", "llama-cpp-python"),
    ("tensorflow-gpu", "tensorflow"),
];

/// Packages of their own that stand one slip from a listed name.
static NEIGHBOURS: &[&str] = &[
    "scapy",
    "boto",
    "psycopg",
    "jinja",
    "torchx",
    "flasgger",
    "pandera",
    "requests2",
    "aiohttps",
    "httpx2",
    "pyyaml6",
    "preact",
    "vitess",
    "chokidar2",
    "mariadb",
    "mongodb2",
    "tensorflowjs",
    "langchain4j",
    "pymupdf4",
    "poetry2",
    "fastapi2",
    "keras2",
    "lodash4",
    "prettier2",
    "expresso",
    "cypress",
    "nextra",
    "rayo",
    "rustyline",
    "pytest-cov2",
    "tokei",
    "image2",
    "tracings",
    "typer2",
    "black2",
    "clicks",
    "moments",
    "asyncs",
    "futuresx",
    "mockery",
    "arrows",
    "fakes",
    "types",
    "colors",
    "glob2",
    "debugs",
    "future",
    "proto",
    "hydra",
    "gymnax",
    "numpyro",
    "pydantic2",
    "pygame",
    "pymysql",
    "pylint",
    "shapely",
    "statsmodel",
    "tables",
    "texttable",
    "wheel2",
    "react2",
    "serde_with",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_look_alikes_and_misnomers_are_found_and_honest_names_are_not() {
        let slip = |name: &str| Some(Likeness::Slip(name.to_owned()));
        assert_eq!(likeness(Ecosystem::PyPi, "reqeusts"), slip("requests"));
        assert_eq!(likeness(Ecosystem::PyPi, "tens0rfl0w"), slip("tensorflow"));
        assert_eq!(likeness(Ecosystem::PyPi, "scikitlearn"), slip("scikit-learn"));
        assert_eq!(likeness(Ecosystem::PyPi, "scikit-leam"), slip("scikit-learn"));
        assert_eq!(likeness(Ecosystem::Npm, "lodahs"), slip("lodash"));
        assert_eq!(likeness(Ecosystem::PyPi, "mcp-server-ftech"), slip("mcp-server-fetch"));
        let github = slip("@modelcontextprotocol/server-github");
        for name in ["@modelcontextprotocl/server-github", "@modelcontextprotocol/server-githib"] {
            assert_eq!(likeness(Ecosystem::Npm, name), github);
        }
        assert_eq!(likeness(Ecosystem::PyPi, "mcp-server-gihtub"), slip("mcp-server-github"));
        assert_eq!(likeness(Ecosystem::PyPi, "skelarn"), slip("scikit-learn"));
        assert_eq!(likeness(Ecosystem::PyPi, "tourch-geometric"), slip("torch-geometric"));
        assert_eq!(likeness(Ecosystem::PyPi, "imbalanced-laern"), slip("imbalanced-learn"));
        assert_eq!(likeness(Ecosystem::PyPi, "pytroch"), slip("torch"));
        for name in
            ["mcp-server-github", "mcp-server-acme", "mcp-server-redis2", "sklearn2", "sklearn-pandas"]
        {
            assert_eq!(likeness(Ecosystem::PyPi, name), None, "{name}");
        }
        assert_eq!(likeness(Ecosystem::Npm, "@opemai/any"), slip("@openai/any"));
        assert_eq!(likeness(Ecosystem::Npm, "@modelcontextprotocol/server-acme"), None);
        assert_eq!(
            (likeness(Ecosystem::Npm, "tslint"), likeness(Ecosystem::Crates, "manyhow")),
            (None, None)
        );
        assert_eq!(image_likeness("mcp/githb@sha256:aa").as_deref(), Some("mcp/github"));
        assert_eq!((image_likeness("mcp/github:1"), image_likeness("acme/githb")), (None, None));
        assert_eq!(likeness(Ecosystem::PyPi, "pytorch"), Some(Likeness::Misnomer("torch")));
        for name in
            ["requests", "numpy", "scapy", "psycopg", "psycopg2", "acme-features", "torchtext", "boto"]
        {
            assert_eq!(likeness(Ecosystem::PyPi, name), None, "{name}");
        }
    }

    #[test]
    fn no_listed_name_is_taken_for_another() {
        for name in PYPI.iter().copied().collect::<std::collections::BTreeSet<_>>() {
            assert_eq!(likeness(Ecosystem::PyPi, name), None);
        }
    }
}
