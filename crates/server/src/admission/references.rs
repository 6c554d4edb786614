//! Which images and models a workload names: [`named_in`].
//!
//! One walk serves every kind: whatever a Pod, a Deployment, a CronJob or an InferenceService runs stands in members of a few names,
//! however deep its template lies. So a kind that comes later, or a resource of somebody's own with a Pod template in it, is read as well.
//!
//! Source: Kubernetes API reference, `Container.image`, `ImageVolumeSource.reference`; KServe, `ModelSpec.storageUri` and
//! `storageUris`, `LLMInferenceService.spec.model.uri`, and the annotation that its controller puts on Pods; Seldon, `modelUri`.

use super::resolve::MODEL_DIGEST;
use serde_json::{Map, Value};

/// Most references of one object; Pods have a handful.
pub const MOST_REFERENCES: usize = 1_000;
/// Members that name a model by URI.
const MODEL_URIS: [&str; 2] = ["storageUri", "modelUri"];
/// Annotation in which KServe's controller tells a Pod's storage initializer what to fetch.
const FETCHED: &str = "internal.serving.kserve.io/storage-initializer-sourceuri";
/// Members whose own members have names that people choose.
const FREE: [&str; 8] =
    ["labels", "annotations", "nodeSelector", "matchLabels", "data", "parameters", "limits", "requests"];
/// Members of a `StorageSpec` that say where a model lies, beside its path.
const STORAGE: [&str; 3] = ["key", "parameters", "schemaPath"];
/// Scheme of models that are pulled as images (KServe, "modelcars").
const PULLED: &str = "oci://";
/// Longest reference that is read, in bytes.
const LONGEST_REFERENCE: usize = 4_096;

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A container's image.
    Image,
    /// A model.
    Model,
}

impl Subject {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Model => "model",
        }
    }
}

/// A name of an image or a model, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// What is named.
    pub subject: Subject,
    /// As the workload names it.
    pub text: String,
    /// Where: `spec.containers[0].image`.
    pub place: String,
    /// Whether it is pulled as an image: what comes is held against a digest in the name. Whatever else fetches a model takes `@sha256:…`
    /// for a part of its path.
    pub pulled: bool,
}

/// Everything that a workload names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// Images and models, in the order of their places.
    pub references: Vec<Reference>,
    /// Texts of the annotations that say models' digests.
    pub annotations: Vec<String>,
}

/// Why the references of an object cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// A member is not what the API says it is.
    #[error("{place} is not {expected}")]
    Shape {
        /// Where.
        place: String,
        /// What it should be.
        expected: &'static str,
    },
    /// More than [`MOST_REFERENCES`].
    #[error("it names more than {MOST_REFERENCES} images and models")]
    TooMany,
    /// A name that is too long to be one.
    #[error("{place} is longer than {LONGEST_REFERENCE} bytes")]
    TooLong {
        /// Where.
        place: String,
    },
}

/// What the object names.
///
/// # Errors
/// [`ReferenceError`]; an object that cannot be read to its end is not let in.
pub fn named_in(object: &Value) -> Result<Named, ReferenceError> {
    let mut named = Named::default();
    let mut work = vec![(String::new(), object)];
    // A stack of its own: what comes in nests as deep as it likes.
    while let Some((place, value)) = work.pop() {
        match value {
            Value::Object(members) => {
                named.read(&place, members)?;
                for (name, member) in members {
                    if !FREE.contains(&name.as_str()) && (member.is_object() || member.is_array()) {
                        work.push((below(&place, name), member));
                    }
                }
            }
            Value::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    if element.is_object() || element.is_array() {
                        work.push((format!("{place}[{at}]"), element));
                    }
                }
            }
            _ => {}
        }
        if named.references.len() > MOST_REFERENCES || named.annotations.len() > MOST_REFERENCES {
            return Err(ReferenceError::TooMany);
        }
    }
    named.references.sort_by(|one, two| one.place.cmp(&two.place).then_with(|| one.cmp(two)));
    named.annotations.sort();
    named.annotations.dedup();
    Ok(named)
}

impl Named {
    /// What the members of one object name.
    fn read(&mut self, place: &str, members: &Map<String, Value>) -> Result<(), ReferenceError> {
        match members.get("image") {
            None | Some(Value::Null) => {}
            // An image volume: what is mounted is data, and most often a model.
            Some(Value::Object(volume)) => {
                if let Some(reference) = volume.get("reference") {
                    let place = below(place, "image.reference");
                    let text = text_of(&place, reference)?;
                    self.references.push(Reference { subject: Subject::Model, text, place, pulled: true });
                }
            }
            Some(image) => self.add(Subject::Image, &below(place, "image"), image)?,
        }
        for name in MODEL_URIS {
            if let Some(uri) = members.get(name).filter(|uri| !uri.is_null()) {
                self.add(Subject::Model, &below(place, name), uri)?;
            }
        }
        for (at, each) in elements_of(place, members, "storageUris")?.iter().enumerate() {
            let at = format!("{}[{at}]", below(place, "storageUris"));
            self.add(Subject::Model, &below(&at, "uri"), each.get("uri").unwrap_or(&Value::Null))?;
        }
        if place == "spec" {
            let bases = elements_of(place, members, "baseRefs")?;
            match members.get("model").and_then(|model| model.get("uri")) {
                Some(uri) => self.add(Subject::Model, "spec.model.uri", uri)?,
                // KServe, `LLMInferenceServiceConfig`: the model is the one that another object names.
                None => self.add_bases(bases)?,
            }
        }
        // KServe, `LLMModelSpec`: adapters are weights as well.
        if place == "spec"
            && let Some(adapters) = members.get("model").and_then(|model| model.get("lora")?.get("adapters"))
        {
            for (at, each) in adapters.as_array().into_iter().flatten().enumerate() {
                let at = format!("spec.model.lora.adapters[{at}].uri");
                self.add(Subject::Model, &at, each.get("uri").unwrap_or(&Value::Null))?;
            }
        }
        // KServe, `StorageSpec`: a key of a secret and a path below it; no URI, and still a model.
        if let Some(Value::Object(storage)) = members.get("storage")
            && storage.get("storageUri").is_none_or(Value::is_null)
        {
            match storage.get("path").filter(|path| !path.is_null()) {
                Some(path) => self.add(Subject::Model, &below(place, "storage.path"), path)?,
                // Without a path it is all that the secret's key leads to.
                None if STORAGE
                    .iter()
                    .any(|name| storage.get(*name).is_some_and(|value| !value.is_null())) =>
                {
                    let key = storage.get("key").and_then(Value::as_str).unwrap_or_default();
                    let text = Value::from(format!("storage/{key}"));
                    self.add(Subject::Model, &below(place, "storage"), &text)?;
                }
                None => {}
            }
        }
        if let Some(Value::Object(metadata)) = members.get("metadata")
            && let Some(Value::Object(annotations)) = metadata.get("annotations")
        {
            let at = below(place, "metadata.annotations");
            // An empty annotation says nothing, as one that is not there.
            if let Some(text) = annotations.get(MODEL_DIGEST).filter(|text| text.as_str() != Some("")) {
                self.annotations.push(text_of(&format!("{at}[{MODEL_DIGEST}]"), text)?);
            }
            if let Some(uri) = annotations.get(FETCHED) {
                self.add(Subject::Model, &format!("{at}[{FETCHED}]"), uri)?;
            }
        }
        Ok(())
    }

    /// The models of objects that this one is based on, under the names `baseRefs/NAME`.
    fn add_bases(&mut self, bases: &[Value]) -> Result<(), ReferenceError> {
        for (at, base) in bases.iter().enumerate() {
            let place = format!("spec.baseRefs[{at}].name");
            let name = text_of(&place, base.get("name").unwrap_or(&Value::Null))?;
            self.add(Subject::Model, &place, &Value::from(format!("baseRefs/{name}")))?;
        }
        Ok(())
    }

    fn add(&mut self, subject: Subject, place: &str, value: &Value) -> Result<(), ReferenceError> {
        let text = text_of(place, value)?;
        let pulled = subject == Subject::Image || text.starts_with(PULLED);
        self.references.push(Reference { subject, text, place: place.to_owned(), pulled });
        Ok(())
    }
}

fn elements_of<'a>(
    place: &str,
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a [Value], ReferenceError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(elements)) => Ok(elements),
        Some(_) => Err(ReferenceError::Shape { place: below(place, name), expected: "a list" }),
    }
}

fn text_of(place: &str, value: &Value) -> Result<String, ReferenceError> {
    match value {
        Value::String(text) if text.len() > LONGEST_REFERENCE => {
            Err(ReferenceError::TooLong { place: place.to_owned() })
        }
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err(ReferenceError::Shape { place: place.to_owned(), expected: "a text" }),
    }
}

/// A place one step further in. Names come from outside: they are shortened and made printable.
fn below(place: &str, name: &str) -> String {
    let name = bartizan_core::printable(name, 100);
    let mut end = place.len().min(500);
    while !place.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    match place.get(..end) {
        None | Some("") => name,
        Some(place) => format!("{place}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(object: &Value) -> Vec<(Subject, String, String)> {
        let references = named_in(object).unwrap().references;
        references.into_iter().map(|each| (each.subject, each.text, each.place)).collect()
    }

    fn container(image: &str) -> Value {
        json!({"name": "c", "image": image})
    }

    #[test]
    fn containers_of_every_sort_are_found_however_deep_their_template_lies() {
        let pod = json!({"containers": [container("a")], "initContainers": [container("b")],
            "ephemeralContainers": [container("c")], "volumes": [{"name": "v", "image": {"reference": "m"}}]});
        let cron = json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": &pod}}}}});
        let texts: Vec<String> = told(&json!({"spec": &pod})).into_iter().map(|(_, text, _)| text).collect();
        assert_eq!(texts, ["a", "c", "b", "m"]);
        assert_eq!(
            told(&cron)[0],
            (
                Subject::Image,
                "a".to_owned(),
                "spec.jobTemplate.spec.template.spec.containers[0].image".to_owned()
            )
        );
        assert_eq!(told(&cron)[3].0, Subject::Model);
    }

    #[test]
    fn models_of_an_inference_service_are_found_in_all_its_components() {
        let service = json!({"metadata": {"annotations": {MODEL_DIGEST: "sha256:x"}}, "spec": {
            "predictor": {"model": {"storageUri": "s3://b/m", "modelFormat": {"name": "onnx"}}},
            "transformer": {"containers": [container("t")]},
            "explainer": {"model": {"storageUris": [{"uri": "hf://a/b"}], "storage": {"key": "k", "path": "p/q"}}}}});
        let texts: Vec<String> = told(&service).into_iter().map(|(_, text, _)| text).collect();
        assert_eq!(texts, ["p/q", "hf://a/b", "s3://b/m", "t"]);
        assert_eq!(named_in(&service).unwrap().annotations, ["sha256:x"]);
        let llm = json!({"spec": {"model": {"uri": "hf://a/b"}}});
        assert_eq!(told(&llm)[0].1, "hf://a/b");
        let based = json!({"spec": {"baseRefs": [{"name": "big"}], "model": {"name": "m"}}});
        assert_eq!(told(&based)[0].1, "baseRefs/big");
        assert!(named_in(&json!({"spec": {"baseRefs": [{}]}})).is_err());
        let pulled = |uri: &str| {
            let service = json!({"spec": {"predictor": {"model": {"storageUri": uri}}}});
            named_in(&service).unwrap().references[0].pulled
        };
        assert_eq!(
            ["oci://r/m@sha256:0", "s3://b/m@sha256:0", "m@sha256:0"].map(pulled),
            [true, false, false]
        );
        let rooted = json!({"spec": {"predictor": {"model": {"storage": {"key": "k"}}}}});
        assert_eq!(told(&rooted)[0].1, "storage/k");
        let other = json!({"spec": {"storage": {"size": "3Gi"}, "containers": [container("c")]}});
        assert_eq!(told(&other).len(), 1);
        let pod = json!({"metadata": {"annotations": {FETCHED: "s3://b/m"}}});
        assert_eq!(told(&pod)[0].1, "s3://b/m");
    }

    #[test]
    fn what_people_name_themselves_is_no_image_and_what_is_no_text_is_refused() {
        let labels =
            json!({"metadata": {"labels": {"image": "x"}}, "spec": {"nodeSelector": {"image": "y"}}});
        assert!(told(&labels).is_empty());
        for wrong in
            [json!({"image": 3}), json!({"image": ""}), json!({"storageUri": []}), json!({"storageUris": 1})]
        {
            assert!(matches!(named_in(&wrong), Err(ReferenceError::Shape { .. })), "{wrong}");
        }
        let many = json!({"c": vec![container("a"); MOST_REFERENCES + 1]});
        assert_eq!(named_in(&many), Err(ReferenceError::TooMany));
        let long = json!({"image": "a".repeat(LONGEST_REFERENCE + 1)});
        assert!(matches!(named_in(&long), Err(ReferenceError::TooLong { .. })));
    }

    fn any() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let name = prop_oneof![
            Just("image".to_owned()),
            Just("storageUri".to_owned()),
            Just("storageUris".to_owned()),
            Just("metadata".to_owned()),
            Just("annotations".to_owned()),
            Just("storage".to_owned()),
            ".{0,6}"
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn any_object_names_something_or_is_refused(object in any()) {
            let _ = named_in(&object);
        }
    }
}
