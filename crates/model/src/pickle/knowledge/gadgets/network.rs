//! Gadgets that open connections, listen, or download.

use super::{ALL, Gadgets};
use crate::pickle::knowledge::GadgetClass::Network;
use bartizan_core::Severity::{self, Critical, High};

const fn network(module: &'static str, names: &'static [&'static str], why: &'static str) -> Gadgets {
    graded(High, module, names, why)
}

const fn graded(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(Network, severity, module, names, why)
}

const CONNECTS: &str = "opens a network connection";
const FETCHES: &str = "sends a request to the address in its arguments";
const LISTENS: &str = "opens a listening socket";
const DOWNLOADS: &str = "downloads files";

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static GADGETS: &[Gadgets] = &[
    network("socket", &[ALL], CONNECTS),
    network("socketserver", &[ALL], LISTENS),
    network("asyncio", &["open_connection", "open_unix_connection", "start_server", "start_unix_server"], CONNECTS),
    network("asyncio.streams", &[ALL], CONNECTS),
    network("asyncio.selector_events", &[ALL], CONNECTS),
    network("asyncio.proactor_events", &[ALL], CONNECTS),
    network("asyncio.sslproto", &[ALL], CONNECTS),
    network("asyncore", &[ALL], CONNECTS),
    network("asynchat", &[ALL], CONNECTS),
    network("select", &[ALL], "waits on file descriptors"),
    network("selectors", &[ALL], "waits on file descriptors"),
    network("ssl", &[ALL], CONNECTS),
    network("urllib.request", &[ALL], FETCHES),
    network("urllib.robotparser", &[ALL], FETCHES),
    network("urllib", &["FancyURLopener", "URLopener", "urlcleanup", "urlopen", "urlretrieve"], FETCHES),
    network("http.client", &[ALL], CONNECTS),
    network("http.server", &[ALL], LISTENS),
    network("http.cookiejar", &[ALL], "reads or writes cookies"),
    network("ftplib", &[ALL], CONNECTS),
    network("smtplib", &[ALL], "sends mail"),
    network("smtpd", &[ALL], LISTENS),
    network("poplib", &[ALL], CONNECTS),
    network("imaplib", &[ALL], CONNECTS),
    network("nntplib", &[ALL], CONNECTS),
    network("telnetlib", &[ALL], CONNECTS),
    network("xmlrpc", &[ALL], "calls or serves remote procedures"),
    network("wsgiref", &[ALL], LISTENS),
    network("cgi", &[ALL], "handles web requests"),
    network("cgitb", &[ALL], "writes tracebacks to files"),
    network("uuid", &["getnode", "uuid1", "_random_getnode"], "reads the machine's network address"),
    network("requests", &[ALL], FETCHES),
    network("httpx", &[ALL], FETCHES),
    network("httpcore", &[ALL], FETCHES),
    network("aiohttp", &[ALL], FETCHES),
    network("urllib3", &[ALL], FETCHES),
    network("httplib2", &[ALL], FETCHES),
    network("pycurl", &[ALL], FETCHES),
    network("websocket", &[ALL], CONNECTS),
    network("websockets", &[ALL], CONNECTS),
    network("tornado", &[ALL], CONNECTS),
    network("twisted", &[ALL], CONNECTS),
    network("gevent", &[ALL], CONNECTS),
    network("eventlet", &[ALL], CONNECTS),
    network("zmq", &[ALL], CONNECTS),
    network("grpc", &[ALL], CONNECTS),
    network("dns", &[ALL], "sends name queries"),
    network("scapy", &[ALL], "sends raw packets"),
    network("boto3", &[ALL], "talks to a cloud service"),
    network("botocore", &[ALL], "talks to a cloud service"),
    network("s3fs", &[ALL], "talks to a cloud service"),
    network("gcsfs", &[ALL], "talks to a cloud service"),
    network("google.cloud", &[ALL], "talks to a cloud service"),
    network("azure", &[ALL], "talks to a cloud service"),
    network("fsspec", &[ALL], "opens local or remote files"),
    network("smart_open", &[ALL], "opens local or remote files"),
    network("wget", &[ALL], DOWNLOADS),
    network("gdown", &[ALL], DOWNLOADS),
    network("pooch", &[ALL], DOWNLOADS),
    network("kagglehub", &[ALL], DOWNLOADS),
    network("huggingface_hub", &[ALL], "downloads or uploads files of a model hub"),
    network("redis", &[ALL], CONNECTS),
    network("pymongo", &[ALL], CONNECTS),
    network("psycopg2", &[ALL], CONNECTS),
    network("mysql", &[ALL], CONNECTS),
    network("MySQLdb", &[ALL], CONNECTS),
    network("flask", &[ALL], LISTENS),
    network("fastapi", &[ALL], LISTENS),
    network("uvicorn", &[ALL], LISTENS),
    network("bottle", &[ALL], LISTENS),
    graded(Critical, "torch.hub", &[ALL], "downloads code and runs it"),
    graded(Critical, "torch.distributed.rpc", &[ALL], "runs functions other machines name"),
    network("torch.utils.model_zoo", &[ALL], DOWNLOADS),
    network("torch.distributed", &["TCPStore"], CONNECTS),
    network("torch._C._distributed_c10d", &[ALL], CONNECTS),
    network("torch._C._distributed_rpc", &[ALL], CONNECTS),
    network("torchvision.datasets.utils", &[ALL], DOWNLOADS),
    network("torchvision._internally_replaced_utils", &[ALL], DOWNLOADS),
    network("keras.utils.data_utils", &[ALL], DOWNLOADS),
    network("keras.utils.file_utils", &[ALL], DOWNLOADS),
    network("keras.utils", &["get_file"], DOWNLOADS),
    network("keras.datasets", &[ALL], DOWNLOADS),
    network("numpy", &["DataSource"], "opens local or remote files"),
    network("numpy.lib._datasource", &[ALL], "opens local or remote files"),
    network("transformers.utils.hub", &[ALL], DOWNLOADS),
    network("transformers.file_utils", &["cached_path", "get_from_cache", "http_get"], DOWNLOADS),
    network("datasets", &[ALL], "downloads data sets and runs their scripts"),
    network("nltk", &["download"], DOWNLOADS),
    network("gensim.downloader", &[ALL], DOWNLOADS),
    network("timm.models._hub", &[ALL], DOWNLOADS),
    network("fastai.data.external", &[ALL], DOWNLOADS),
    network("fastdownload", &[ALL], DOWNLOADS),
];
