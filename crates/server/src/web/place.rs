//! Where something is asked for, and where an answer may lead from there: [`Place`].

use hyper::Uri;

/// Where something is asked for.
#[derive(Clone)]
pub(crate) struct Place {
    /// Without TLS.
    pub(crate) plain: bool,
    /// Host, and port where it is no usual one.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

impl Place {
    /// The place that an address names: `https`, or `http` on this machine. One that holds a name or a password is none.
    pub(crate) fn of(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let authority = uri.authority()?.as_str();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let place = Self {
            plain: uri.scheme_str()? == "http",
            authority: authority.to_owned(),
            path: path.to_owned(),
        };
        let allowed = match uri.scheme_str()? {
            "https" => true,
            "http" => is_this_machine(place.host()),
            _ => false,
        };
        (allowed && !authority.contains('@') && !place.host().is_empty()).then_some(place)
    }

    /// The same place with a path below its own.
    pub(crate) fn below(&self, path: &str) -> Self {
        let own = self.path.split('?').next().unwrap_or_default().trim_end_matches('/');
        Self { path: format!("{own}{path}"), ..self.clone() }
    }

    /// Host and path, without a query: it may hold a signature that lets anyone in.
    pub(crate) fn shown(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        bartizan_core::printable(&format!("{}{path}", self.authority), 300)
    }

    /// Where an answer sends from here. From TLS nothing leads to a place without it.
    pub(crate) fn next(&self, to: &str) -> Option<Self> {
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
    pub(crate) fn host(&self) -> &str {
        let host = self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, port)| {
            if port.bytes().all(|each| each.is_ascii_digit()) { host } else { self.authority.as_str() }
        });
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        let port = self.authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.unwrap_or(if self.plain { 80 } else { 443 })
    }
}

/// Whether a host is this machine: what is said to it passes no network.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host == "::1" || host.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
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

    #[test]
    fn an_address_is_a_place_over_tls_or_on_this_machine() {
        let place = Place::of("http://127.0.0.1:80/a?b").unwrap();
        assert_eq!((place.plain, place.below("/c").path.as_str()), (true, "/a/c"));
        assert!(!Place::of("https://x.example").unwrap().plain);
        for text in
            ["http://x.example/", "ssh://x.example/", "https://a:b@x.example/", "x/y", "https:///a", ""]
        {
            assert!(Place::of(text).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_leads_somewhere_or_nowhere(text: String) {
            let _ = (here(true).next(&text), Place::of(&text));
        }
    }
}
