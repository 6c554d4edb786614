//! Java object streams, as H2O, Weka, Deeplearning4j and Spark ML write models: who would be deserialised.
//!
//! Source: *Java Object Serialization Specification* ch. 6 (grammar). [`super::java_stream`] walks the stream; the
//! classes it names are weighed here. Cost: linear.

use super::java_stream;
use super::malformed::{MALFORMED_STRUCTURE, malformed};
use crate::text::printable;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use std::collections::BTreeSet;

/// Java serialised objects.
pub static JAVA_SERIALIZED: JavaSerialized = JavaSerialized;

/// See [`JAVA_SERIALIZED`].
#[derive(Debug, Clone, Copy)]
pub struct JavaSerialized;

rule! {
    /// ## What it finds
    /// A Java object stream that holds objects of classes known as links of deserialisation gadget chains, or a
    /// `java.net.URL` as a key of a hash table, which tells a name server that the file was read.
    /// ## Why it matters
    /// `ObjectInputStream.readObject` rebuilds every object of the stream and runs their `readObject` methods before
    /// the caller sees a type. Chains of these classes end in `Runtime.exec` or in a remote class being loaded.
    /// ## Example
    /// `org.apache.commons.collections.functors.InvokerTransformer` inside a `java.util.HashMap`.
    /// ## How to fix
    /// Do not load the file. Load models from formats without objects (MOJO, ONNX, PMML), or set a
    /// `jdk.serialFilter` that admits the model's classes only.
    /// ## References
    /// - <https://github.com/frohoff/ysoserial>
    /// - <https://docs.oracle.com/en/java/javase/21/core/serialization-filtering1.html>
    pub const JAVA_GADGET: Rule = Rule {
        id: "model/java-gadget-class",
        title: "classes of a Java deserialisation gadget chain",
        severity: Severity::Critical,
        remedy: "Do not load the file; admit only the model's classes with a jdk.serialFilter.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A Java object stream with classes outside the Java library and the well-known machine-learning libraries.
    /// ## Why it matters
    /// Reading it runs the deserialisation code of whatever class of that name is on the class path.
    /// ## Example
    /// An object of class `com.example.Payload`.
    /// ## How to fix
    /// Find out which library the class belongs to, and load with a `jdk.serialFilter`.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/502.html>
    pub const JAVA_UNKNOWN_CLASS: Rule = Rule {
        id: "model/java-unknown-class",
        title: "Java objects of unknown classes",
        severity: Severity::Medium,
        remedy: "Find out which library the class belongs to, and load with a jdk.serialFilter.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(502), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A Java object stream.
    /// ## Why it matters
    /// Whoever wrote it chose which classes are rebuilt on loading; no look at the file can bound what a reader with
    /// other classes on its class path would do.
    /// ## Example
    /// A Weka `.model` file.
    /// ## How to fix
    /// Prefer a format without objects (MOJO, ONNX, PMML).
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/502.html>
    pub const JAVA_SERIALIZED_OBJECT: Rule = Rule {
        id: "model/java-serialized-object",
        title: "a Java object stream",
        severity: Severity::Low,
        remedy: "Prefer a format without objects (MOJO, ONNX, PMML).",
        taxonomies: &[atlas("AML.T0010.003"), cwe(502), owasp_ml("ML06")],
    };
}

/// Classes of gadget chains, and what the chain reaches; one that ends in `.` or `$` stands for all that begin so, any
/// other for itself and its nested classes. Source: ysoserial and marshalsec payloads.
const GADGETS: &[(&str, &str)] = &[
    ("org.apache.commons.collections.functors.", "calls any method by reflection"),
    ("org.apache.commons.collections4.functors.", "calls any method by reflection"),
    ("org.apache.commons.collections.keyvalue.TiedMapEntry", "starts a transformer chain when hashed"),
    ("org.apache.commons.collections4.keyvalue.TiedMapEntry", "starts a transformer chain when hashed"),
    ("org.apache.commons.collections.map.LazyMap", "starts a transformer chain when read"),
    ("org.apache.commons.collections4.map.LazyMap", "starts a transformer chain when read"),
    ("org.apache.commons.collections.map.TransformedMap", "starts a transformer chain when written"),
    (
        "org.apache.commons.collections4.comparators.TransformingComparator",
        "starts a transformer chain when sorted",
    ),
    ("org.apache.commons.beanutils.BeanComparator", "calls any getter when sorted"),
    ("org.apache.commons.fileupload.disk.DiskFileItem", "writes files"),
    ("org.apache.commons.configuration.", "looks up names over JNDI"),
    (
        "com.sun.org.apache.xalan.internal.xsltc.trax.TemplatesImpl",
        "defines classes from bytes in the stream",
    ),
    ("org.apache.xalan.xsltc.trax.TemplatesImpl", "defines classes from bytes in the stream"),
    ("com.sun.org.apache.bcel.internal.util.ClassLoader", "defines classes from text in the stream"),
    ("com.sun.rowset.JdbcRowSetImpl", "loads remote classes over JNDI"),
    ("com.sun.jndi.", "loads remote classes over JNDI"),
    ("javax.naming.", "loads remote classes over JNDI"),
    ("org.springframework.core.SerializableTypeWrapper", "calls any method by reflection"),
    ("org.springframework.beans.factory.", "builds any object"),
    ("org.springframework.aop.", "calls any method through a proxy"),
    ("org.springframework.transaction.jta.JtaTransactionManager", "loads remote classes over JNDI"),
    ("org.springframework.context.support.", "runs a bean definition from the network"),
    ("com.mchange.v2.c3p0.", "loads remote classes"),
    ("com.mchange.v2.naming.", "loads remote classes"),
    ("org.codehaus.groovy.runtime.", "calls any Groovy closure"),
    ("groovy.", "calls any Groovy closure"),
    ("clojure.", "runs Clojure code"),
    ("bsh.", "runs BeanShell code"),
    ("org.python.", "runs Python code"),
    ("org.mozilla.javascript.", "runs JavaScript"),
    ("org.hibernate.", "calls any getter"),
    ("org.jboss.interceptor.", "calls any method by reflection"),
    ("org.jboss.weld.", "calls any method by reflection"),
    ("org.apache.myfaces.", "evaluates an expression"),
    ("com.sun.faces.", "evaluates an expression"),
    ("org.apache.wicket.util.upload.", "writes files"),
    ("com.vaadin.data.util.", "calls any getter"),
    ("net.sf.json.", "calls any getter"),
    ("com.rometools.rome.feed.impl.", "calls any getter"),
    ("com.sun.syndication.feed.impl.", "calls any getter"),
    ("org.apache.click.control.", "calls any getter"),
    ("javax.management.BadAttributeValueExpException", "calls toString of any object"),
    ("sun.reflect.annotation.AnnotationInvocationHandler", "calls any map through a proxy"),
    ("java.rmi.", "opens remote connections"),
    ("sun.rmi.", "opens remote connections"),
    ("javax.script.", "runs scripts"),
    ("java.lang.ProcessBuilder", "starts processes"),
    ("java.lang.Runtime", "starts processes"),
    ("java.lang.invoke.SerializedLambda", "calls a lambda of any class"),
    ("java.beans.", "calls any method by name"),
    ("java.net.URLClassLoader", "loads classes from the network"),
    ("org.aspectj.weaver.tools.cache.", "writes files"),
    ("com.alibaba.fastjson.", "calls any getter"),
    ("com.fasterxml.jackson.databind.node.POJONode", "calls any getter"),
    ("org.apache.commons.collections.map.DefaultedMap", "starts a transformer chain when read"),
    ("org.apache.commons.collections4.map.DefaultedMap", "starts a transformer chain when read"),
    ("org.apache.commons.collections4.map.TransformedMap", "starts a transformer chain when written"),
    ("org.apache.commons.collections.list.LazyList", "starts a transformer chain when read"),
    ("org.apache.commons.collections4.list.LazyList", "starts a transformer chain when read"),
    ("org.apache.bcel.util.ClassLoader", "defines classes from text in the stream"),
    ("org.apache.xbean.naming.context.ContextUtil$ReadOnlyBinding", "loads remote classes over JNDI"),
    ("com.caucho.naming.QName", "loads remote classes over JNDI"),
    ("org.springframework.jndi.support.SimpleJndiBeanFactory", "loads remote classes over JNDI"),
    ("com.redhat.ceylon.compiler.java.language.SerializationProxy", "calls any method by name"),
    ("com.sun.org.apache.xpath.internal.objects.XString", "calls toString of any object"),
    ("org.apache.xpath.objects.XString", "calls toString of any object"),
    ("sun.swing.SwingLazyValue", "calls any static method by name"),
    ("scala.sys.process.ProcessBuilderImpl$", "starts processes"),
    ("org.apache.tomcat.dbcp.", "loads drivers and remote classes"),
    ("org.apache.commons.dbcp.", "loads drivers and remote classes"),
];

/// Class-name prefixes of the Java library and of machine-learning libraries.
const KNOWN: &[&str] = &[
    "java.lang.",
    "java.util.",
    "java.math.",
    "java.time.",
    "java.io.",
    "java.text.",
    "java.sql.",
    "java.awt.",
    "java.net.URI",
    "java.nio.",
    "scala.",
    "weka.",
    "hex.",
    "water.",
    "ai.h2o.",
    "org.deeplearning4j.",
    "org.nd4j.",
    "org.datavec.",
    "org.apache.spark.",
    "org.apache.mahout.",
    "org.apache.commons.math",
    "org.apache.hadoop.",
    "ml.dmlc.",
    "ml.combust.",
    "org.jpmml.",
    "org.dmg.pmml.",
    "smile.",
    "moa.",
    "opennlp.",
    "edu.stanford.nlp.",
    "cc.mallet.",
    "com.github.fommil.",
    "breeze.",
    "org.tensorflow.",
    "ai.djl.",
    "ai.onnxruntime.",
    "libsvm.",
    "de.bwaldvogel.",
    "com.microsoft.ml.",
    "com.johnsnowlabs.",
    "no.uib.cipr.",
    "gnu.trove.",
    "it.unimi.dsi.",
    "com.google.common.collect.",
    "com.carrotsearch.hppc.",
    "org.tribuo.",
    "com.oracle.labs.",
    "de.lmu.ifi.dbs.",
];

const MAGIC: &[u8] = &[0xac, 0xed, 0x00, 0x05];

impl Format for JavaSerialized {
    fn id(&self) -> &'static str {
        "java-serialized"
    }

    fn name(&self) -> &'static str {
        "Java serialised objects"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ser", "model", "bin", "obj", "jser", "dat"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&JAVA_GADGET, &JAVA_UNKNOWN_CLASS, &JAVA_SERIALIZED_OBJECT, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let kind = input.bytes.get(4).copied().unwrap_or_default();
        if input.bytes.starts_with(MAGIC) && (0x70..=0x7e).contains(&kind) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let stream = java_stream::walk(input.bytes, MAGIC.len(), scan);
        scan.report(
            Finding::new(
                &JAVA_SERIALIZED_OBJECT,
                format!("rebuilds {} Java classes on loading", stream.classes.len()),
            )
            .at(0),
        );
        let mut reported = BTreeSet::new();
        for class in &stream.classes {
            judge(class, &mut reported, scan);
        }
        for &offset in &stream.hashed_addresses {
            let message =
                "a hash table holds a `java.net.URL`, whose host is looked up when the table is rebuilt";
            scan.report(
                Finding::new(&JAVA_GADGET, message)
                    .severity(Severity::High)
                    .at(offset as u64)
                    .evidence("java.net.URL"),
            );
        }
        if let Some((offset, what)) = stream.stopped {
            malformed(scan, offset, format!("the Java object stream breaks off: {what}"));
            scan.gap(offset as u64, format!("{what}; the rest was searched as text only"));
            let rest = input.bytes.get(offset.min(input.bytes.len())..).unwrap_or_default();
            for (_, text) in printable::ascii_runs(rest) {
                gadget_in_text(text, offset, &mut reported, scan);
            }
        }
        printable::inspect_runs(input.bytes, 0, scan);
    }
}

fn gadget(name: &str) -> Option<&'static str> {
    let is_of = |known: &str| {
        name.strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('$') || known.ends_with(['.', '$']))
    };
    GADGETS.iter().find(|(known, _)| is_of(known)).map(|(_, what)| *what)
}

fn judge<'a>(class: &java_stream::Class<'a>, reported: &mut BTreeSet<&'a str>, scan: &mut Scan<'_>) {
    // `[Lcom.example.Type;` is an array of that type.
    let name = class.name.trim_start_matches('[');
    let name =
        name.strip_prefix('L').filter(|_| class.name.starts_with('[')).unwrap_or(name).trim_end_matches(';');
    if !reported.insert(name) || name.len() <= 1 {
        return;
    }
    if let Some(what) = gadget(name) {
        let message = format!("deserialising an object of class `{name}`, which {what}");
        scan.report(Finding::new(&JAVA_GADGET, message).at(class.offset as u64).evidence(name));
    } else if !KNOWN.iter().any(|prefix| name.starts_with(prefix)) {
        let message = format!("deserialising an object of the unknown class `{name}`");
        scan.report(
            Finding::new(&JAVA_UNKNOWN_CLASS, message)
                .confidence(Confidence::Medium)
                .at(class.offset as u64)
                .evidence(name),
        );
    }
}

/// A gadget class named in text the walk did not reach.
fn gadget_in_text<'a>(text: &'a str, offset: usize, reported: &mut BTreeSet<&'a str>, scan: &mut Scan<'_>) {
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$'))) {
        let Some(what) = gadget(word).filter(|_| word.len() > 8 && word.contains('.')) else { continue };
        if reported.insert(word) {
            let message = format!("the unread rest names the class `{word}`, which {what}");
            scan.report(
                Finding::new(&JAVA_GADGET, message)
                    .severity(Severity::High)
                    .confidence(Confidence::Medium)
                    .at(offset as u64)
                    .evidence(word),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn utf(text: &str) -> Vec<u8> {
        [(text.len() as u16).to_be_bytes().as_slice(), text.as_bytes()].concat()
    }

    /// An object of `class` with one int field and a string field.
    fn object(class: &str) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([0x73, 0x72]);
        bytes.extend(utf(class));
        bytes.extend([0; 8]);
        bytes.extend([2, 0, 2, b'I']);
        bytes.extend(utf("size"));
        bytes.push(b'L');
        bytes.extend(utf("name"));
        bytes.push(0x74);
        bytes.extend(utf("Ljava/lang/String;"));
        bytes.extend([0x78, 0x70]);
        bytes.extend([0, 0, 0, 7]);
        bytes.push(0x74);
        bytes.extend(utf("value"));
        bytes
    }

    #[test]
    fn a_class_of_a_gadget_chain_is_critical() {
        let bytes = object("org.apache.commons.collections.functors.InvokerTransformer");
        let outcome = outcome(&JAVA_SERIALIZED, &bytes);
        assert_eq!(
            (outcome.findings[0].rule.id, outcome.findings[0].severity),
            ("model/java-gadget-class", Severity::Critical)
        );
        assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
    }

    #[test]
    fn maps_that_feed_a_transformer_are_a_gadget_and_plain_ones_of_the_library_are_not() {
        for class in [
            "org.apache.commons.collections4.map.DefaultedMap",
            "com.redhat.ceylon.compiler.java.language.SerializationProxy",
            "scala.sys.process.ProcessBuilderImpl$Simple",
        ] {
            let outcome = outcome(&JAVA_SERIALIZED, &object(class));
            assert_eq!(outcome.findings[0].rule.id, "model/java-gadget-class", "{class}");
        }
        for class in ["scala.collection.immutable.Map$Map1", "java.util.HashMap"] {
            assert_eq!(
                rules_of(&JAVA_SERIALIZED, &object(class)),
                ["model/java-serialized-object"],
                "{class}"
            );
        }
    }

    /// A class description after its type byte, without fields of objects, parent last.
    fn class(name: &str, flags: u8, fields: &[(u8, &str)]) -> Vec<u8> {
        let mut bytes = utf(name);
        bytes.extend([0; 8]);
        bytes.extend([flags, 0, fields.len() as u8]);
        for (kind, name) in fields {
            bytes.push(*kind);
            bytes.extend(utf(name));
        }
        bytes.extend([0x78, 0x70]);
        bytes
    }

    /// A collection that writes `size` bytes of plain data and then `entries`.
    fn table(name: &str, size: u8, fields: &[(u8, &str)], entries: &[&[u8]]) -> Vec<u8> {
        let data = vec![0; fields.len() * 4];
        let block = [vec![0x77, size], vec![0; usize::from(size)]].concat();
        let head = [MAGIC, &[0x73, 0x72], &class(name, 3, fields), &data, &block].concat();
        [head, entries.concat(), vec![0x78]].concat()
    }

    #[test]
    fn an_address_as_a_key_is_high_and_as_a_value_is_only_unknown() {
        let address =
            [&[0x73, 0x72][..], &class("java.net.URL", 2, &[(b'I', "hashCode")]), &[0xff; 4]].concat();
        let text = [&[0x74][..], &utf("value")].concat();
        let map = |entries: &[&[u8]]| {
            let fields = [(b'F', "loadFactor"), (b'I', "threshold")];
            outcome(&JAVA_SERIALIZED, &table("java.util.HashMap", 8, &fields, entries))
        };
        let graded = |outcome: &crate::Outcome| {
            assert!(outcome.gaps.is_empty(), "{:?}", outcome.gaps);
            let found = outcome.findings.iter().find(|finding| finding.rule.id == JAVA_GADGET.id);
            found.map(|finding| finding.severity)
        };
        assert_eq!(graded(&map(&[&address, &text])), Some(Severity::High));
        let value = map(&[&text, &address]);
        assert_eq!(graded(&value), None);
        assert_eq!(value.findings[0].rule.id, JAVA_UNKNOWN_CLASS.id);
        // The third object's handle: the map's class, the map, the first key, the address' class, the address.
        let again = [0x71, 0, 0x7e, 0, 4];
        assert_eq!(graded(&map(&[&text, &address, &again, &text])), Some(Severity::High));
        let set = table("java.util.HashSet", 12, &[], &[&text, &address]);
        assert_eq!(graded(&outcome(&JAVA_SERIALIZED, &set)), Some(Severity::High));
        let list = table("java.util.ArrayList", 4, &[(b'I', "size")], &[&address]);
        assert_eq!(graded(&outcome(&JAVA_SERIALIZED, &list)), None);
    }

    #[test]
    fn neighbours_of_a_gadget_class_are_no_gadgets() {
        for class in [
            "java.lang.RuntimeException",
            "org.springframework.jndi.JndiTemplate",
            "org.apache.xbean.naming.reference.SimpleReference",
            "com.sun.org.apache.xpath.internal.objects.XStringForChars",
            "scala.sys.process.ProcessLogger",
        ] {
            assert_eq!(gadget(class), None, "{class}");
        }
        for class in [
            "org.springframework.core.SerializableTypeWrapper$MethodInvokeTypeProvider",
            "org.springframework.jndi.support.SimpleJndiBeanFactory",
            "org.apache.xbean.naming.context.ContextUtil$ReadOnlyBinding",
            "com.sun.org.apache.xpath.internal.objects.XString",
            "org.hibernate.engine.spi.TypedValue",
            "java.lang.Runtime",
        ] {
            assert!(gadget(class).is_some(), "{class}");
        }
    }

    #[test]
    fn a_weka_classifier_is_only_noted() {
        assert_eq!(
            rules_of(&JAVA_SERIALIZED, &object("weka.classifiers.trees.J48")),
            ["model/java-serialized-object"]
        );
    }

    #[test]
    fn an_unknown_class_needs_a_look() {
        assert_eq!(rules_of(&JAVA_SERIALIZED, &object("com.example.Thing"))[0], "model/java-unknown-class");
    }

    #[test]
    fn a_cut_stream_is_incomplete_and_keeps_its_classes() {
        let mut bytes = object("com.mchange.v2.c3p0.PoolBackedDataSource");
        bytes.truncate(bytes.len() - 3);
        let outcome = outcome(&JAVA_SERIALIZED, &bytes);
        assert_eq!(outcome.findings[0].rule.id, "model/java-gadget-class");
        assert!(!outcome.gaps.is_empty());
    }

    proptest! {
        #[test]
        fn any_mutated_stream_gives_a_result(at in 4usize..90, with: u8) {
            let mut bytes = object("java.util.HashMap");
            if let Some(byte) = bytes.get_mut(at) { *byte = with; }
            outcome(&JAVA_SERIALIZED, &bytes);
        }

        #[test]
        fn any_bytes_after_the_magic_give_a_result(rest in proptest::collection::vec(prop_oneof![0x70u8..0x7f, any::<u8>()], 0..200)) {
            outcome(&JAVA_SERIALIZED, &[MAGIC, &rest].concat());
        }
    }
}
