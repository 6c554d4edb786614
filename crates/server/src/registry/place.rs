//! Where something is asked for, and where an answer may lead from there: [`Place`].

use super::reference::OciReference;
use hyper::Uri;

/// Where something is asked for.
#[derive(Clone)]
pub(super) struct Place {
    /// Without TLS.
    pub(super) plain: bool,
    /// Host, and port where it is no usual one.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

impl Place {
    /// A path at the registry of an artifact.
    pub(super) fn at(reference: &OciReference, path: String) -> Self {
        Self { plain: reference.is_local(), authority: reference.host.clone(), path }
    }

    /// Host and path, without a query: it may hold a signature that lets anyone in.
    pub(super) fn shown(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        bartizan_core::printable(&format!("{}{path}", self.authority), 300)
    }

    /// Where an answer sends from here. From TLS nothing leads to a place without it.
    pub(super) fn next(&self, to: &str) -> Option<Self> {
        if to.starts_with('/') && !to.starts_with("//") {
            return Some(Self { path: to.to_owned(), ..self.clone() });
        }
        let uri: Uri = to.parse().ok()?;
        let plain = match uri.scheme_str()? {
            "https" => false,
            "http" if self.plain => true,
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        // A user name in an address is a credential that somebody else wrote.
        if authority.contains('@') {
            return None;
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Some(Self { plain, authority: authority.to_owned(), path: path.to_owned() })
    }

    /// The host alone.
    pub(super) fn host(&self) -> &str {
        let host = self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, port)| {
            if port.bytes().all(|each| each.is_ascii_digit()) { host } else { self.authority.as_str() }
        });
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        let port = self.authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.unwrap_or(if self.plain { 80 } else { 443 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(plain: bool) -> Place {
        Place { plain, authority: "r.example:5000".to_owned(), path: "/v2/m/blobs/x?sig=secret".to_owned() }
    }

    #[test]
    fn a_place_is_shown_without_its_query_and_leads_to_nothing_less_safe() {
        assert_eq!(here(false).shown(), "r.example:5000/v2/m/blobs/x");
        assert_eq!(here(false).next("/other").unwrap().path, "/other");
        let elsewhere = here(false).next("https://cdn.example/b?s=1").unwrap();
        assert_eq!(
            (elsewhere.host(), elsewhere.port(), elsewhere.path.as_str()),
            ("cdn.example", 443, "/b?s=1")
        );
        for to in
            ["http://cdn.example/b", "ftp://x/y", "//cdn.example/b", "https://a:b@cdn.example/", "", "b"]
        {
            assert!(here(false).next(to).is_none(), "{to}");
        }
        assert!(here(true).next("http://cdn.example/b").is_some());
        assert_eq!((here(true).host(), here(true).port()), ("r.example", 5000));
    }

    proptest::proptest! {
        #[test]
        fn any_text_leads_somewhere_or_nowhere(text: String) {
            let _ = here(true).next(&text);
        }
    }
}
