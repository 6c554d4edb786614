//! Stacks of CloudFormation and SAM: buckets, networks and functions that everyone may reach.
//!
//! Source: CloudFormation template reference (`AWS::S3::Bucket`, `AWS::S3::BucketPolicy`, `AWS::EC2::SecurityGroup`, `AWS::Lambda::Url`, intrinsic
//! functions) and the AWS Serverless Application Model (`FunctionUrlConfig`).

use crate::Issue;
use crate::hcl::reached_between;
use crate::rules::{EXPOSED_SERVICE, NO_AUTHENTICATION};
use crate::yaml::Node;
use bartizan_core::{Confidence, Severity};

/// How deep functions of a template are followed into each other.
const DEPTH: u32 = 8;

/// Whether a value stands in the template itself: no `!Ref`, `!GetAtt`, `!ImportValue`, … gives it.
pub(super) fn is_known(node: Node<'_>) -> bool {
    node.as_str().is_some() && node.tag().is_none_or(|tag| matches!(tag, "str" | "bool" | "int" | "Sub"))
}

/// What is wrong with `node` when it is a resource of a stack.
pub(super) fn resource(node: Node<'_>, root: Option<Node<'_>>) -> Vec<Issue> {
    let (Some(kind), Some(properties)) = (node.text_of("Type"), node.get("Properties")) else {
        return Vec::new();
    };
    match kind {
        "AWS::S3::Bucket" => bucket(properties, root),
        "AWS::S3::BucketPolicy" => policy(properties),
        "AWS::EC2::SecurityGroup" => properties
            .get("SecurityGroupIngress")
            .into_iter()
            .flat_map(Node::items_or_self)
            .filter_map(opened)
            .collect(),
        "AWS::EC2::SecurityGroupIngress" => opened(properties).into_iter().collect(),
        "AWS::Lambda::Url" => unasked(properties, root),
        "AWS::Serverless::Function" => {
            properties.get("FunctionUrlConfig").map(|url| unasked(url, root)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// What `node` may be: itself, the default of the parameter it refers to, or each branch of a condition; with whether it always is.
fn may_be<'y>(
    node: Node<'y>,
    root: Option<Node<'y>>,
    depth: u32,
    found: &mut Vec<(&'y str, bool)>,
    sure: bool,
) {
    let Some(below) = depth.checked_sub(1) else { return };
    let (function, argument) = match node.tag() {
        Some(tag) if !matches!(tag, "str" | "bool" | "int" | "Sub") => (tag, node),
        _ if node.is_mapping() => match node.entries().first() {
            Some(entry) => (entry.name(), entry.value),
            None => return,
        },
        _ => {
            found.extend(node.as_str().map(|text| (text, sure)));
            return;
        }
    };
    match function.trim_start_matches("Fn::") {
        "Ref" => {
            let default = argument.as_str().and_then(|name| root?.path(&["Parameters", name, "Default"]));
            if let Some(default) = default {
                may_be(default, None, below, found, false);
            }
        }
        "If" => {
            for branch in argument.items().skip(1) {
                may_be(branch, root, below, found, false);
            }
        }
        _ => {}
    }
}

/// Whether a value may be one of `values`, and whether it always is.
fn is_one_of(node: Node<'_>, root: Option<Node<'_>>, values: &[&str]) -> Option<Confidence> {
    let mut found = Vec::new();
    may_be(node, root, DEPTH, &mut found, true);
    let (_, sure) = found.into_iter().find(|(text, _)| values.contains(text))?;
    Some(if sure { Confidence::High } else { Confidence::Medium })
}

fn bucket(properties: Node<'_>, root: Option<Node<'_>>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let public = ["PublicRead", "PublicReadWrite", "AuthenticatedRead"];
    if let Some(entry) = properties.entry("AccessControl")
        && let Some(confidence) = is_one_of(entry.value, root, &public)
    {
        let issue = Issue::new(&EXPOSED_SERVICE, entry.span(), "the bucket is open to everyone");
        // What a parameter or a condition may make it is graded by what it may be.
        let severity = if confidence == Confidence::High { Severity::High } else { Severity::Medium };
        issues.push(issue.severity(severity).confidence(confidence));
    }
    let block = properties.get("PublicAccessBlockConfiguration");
    for entry in block.into_iter().flat_map(Node::entries) {
        let known = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
        let off =
            known.contains(&entry.name()).then(|| is_one_of(entry.value, root, &["false", "False", "FALSE"]));
        if let Some(confidence) = off.flatten() {
            let issue = Issue::new(&EXPOSED_SERVICE, entry.span(), "the bucket may be opened to everyone");
            issues.push(issue.confidence(confidence));
        }
    }
    issues
}

/// Statements that allow everyone something, without a condition.
fn policy(properties: Node<'_>) -> Vec<Issue> {
    let statements = properties.path(&["PolicyDocument", "Statement"]);
    let statements = statements.into_iter().flat_map(Node::items_or_self);
    let open = statements.filter_map(|statement| {
        let entry = statement.entry("Principal")?;
        let named = if entry.value.is_mapping() { entry.value.get("AWS")? } else { entry.value };
        let everyone = named.items_or_self().iter().any(|one| one.as_str() == Some("*"));
        let allows = statement.text_of("Effect") == Some("Allow") && statement.get("Condition").is_none();
        (everyone && allows).then(|| {
            let issue = Issue::new(&EXPOSED_SERVICE, entry.span(), "everyone on the internet is let in");
            issue.severity(Severity::High)
        })
    });
    open.collect()
}

/// A rule of a network that lets the whole internet reach an interface which runs code.
fn opened(ingress: Node<'_>) -> Option<Issue> {
    let everyone = [("CidrIp", "0.0.0.0/0"), ("CidrIpv6", "::/0")]
        .iter()
        .find_map(|(key, all)| ingress.entry(key).filter(|entry| entry.value.as_str() == Some(all)))?;
    let number = |key: &str| {
        let port = ingress.get(key).filter(|port| is_known(*port))?.as_str()?;
        port.trim_matches('"').parse::<u32>().ok()
    };
    let every = ingress.text_of("IpProtocol") == Some("-1");
    let (from, to) = (number("FromPort"), number("ToPort"));
    let range = if every { Some((0, 65535)) } else { from.or(to).zip(to.or(from)) };
    let (what, severity) = range.and_then(|(from, to)| reached_between(from, to))?;
    let message = format!("the whole internet may reach {what}");
    Some(Issue::new(&EXPOSED_SERVICE, everyone.span(), message).severity(severity))
}

/// A function's address that asks nobody who they are.
fn unasked(url: Node<'_>, root: Option<Node<'_>>) -> Vec<Issue> {
    let entry = url.entry("AuthType");
    let open = entry.and_then(|entry| Some((entry, is_one_of(entry.value, root, &["NONE"])?)));
    let issue = open.map(|(entry, confidence)| {
        let message = "the function answers everyone on the internet, and asks nobody who they are";
        Issue::new(&NO_AUTHENTICATION, entry.span(), message).confidence(confidence)
    });
    issue.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn buckets_open_to_everyone_are_found_however_the_template_says_it() {
        let yaml = "Parameters:\n  Acl: {Type: String, Default: PublicRead}\nResources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      AccessControl: PublicReadWrite\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      AccessControl: !Ref Acl\n      BucketName: !Sub '${AWS::StackName}-data'\n  C:\n    Type: AWS::S3::Bucket\n    Properties:\n      AccessControl: !If [Open, PublicRead, Private]\n      PublicAccessBlockConfiguration:\n        BlockPublicAcls: true\n        BlockPublicPolicy: false\n  D:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref A\n      PolicyDocument:\n        Statement:\n        - Effect: Allow\n          Principal: '*'\n          Action: s3:GetObject\n          Resource: !Sub '${A.Arn}/*'\n";
        let found = [7, 11, 16, 19, 27].map(|line| (line, "exposed-service"));
        assert_eq!(lines("stack.yaml", yaml), found);
        let json = "{\"Transform\": \"AWS::Serverless-2016-10-31\",\n\"Resources\": {\"A\": {\"Type\": \"AWS::S3::Bucket\", \"Properties\": {\n\"AccessControl\": {\"Fn::If\": [\"Open\",\n\"PublicRead\", {\"Ref\": \"AWS::NoValue\"}]}}},\n\"F\": {\"Type\": \"AWS::Serverless::Function\", \"Properties\": {\"FunctionUrlConfig\": {\n\"AuthType\": \"NONE\"}}}}}";
        assert_eq!(lines("template.json", json), [(3, "exposed-service"), (6, "no-authentication")]);
    }

    #[test]
    fn private_buckets_and_values_that_others_give_are_silent() {
        let yaml = "Parameters:\n  Acl: {Type: String}\n  Isolated: {Type: String}\nResources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      AccessControl: Private\n      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: !Ref Block}\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {AccessControl: !Ref Acl}\n  C:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      PolicyDocument:\n        Statement:\n        - {Effect: Deny, Principal: '*', Action: 's3:*'}\n        - {Effect: Allow, Principal: {AWS: !GetAtt R.Arn}, Action: 's3:*'}\n        - {Effect: Allow, Principal: '*', Action: 's3:*', Condition: {StringEquals: {'aws:PrincipalOrgID': o-1}}}\n  M:\n    Type: AWS::SageMaker::Model\n    Properties:\n      EnableNetworkIsolation: !Ref Isolated\n      VpcConfig: !Ref V\n      PrimaryContainer: {Image: !Ref Image}\n";
        assert_eq!(lines("stack.yaml", yaml), []);
    }

    #[test]
    fn a_network_that_lets_everyone_reach_what_runs_code_is_found() {
        let group = |port: u16| {
            format!(
                "Resources:\n  G:\n    Type: AWS::EC2::SecurityGroup\n    Properties:\n      SecurityGroupIngress:\n      - IpProtocol: tcp\n        FromPort: {port}\n        ToPort: {port}\n        CidrIp: 0.0.0.0/0\n"
            )
        };
        assert_eq!(lines("stack.yaml", &group(8888)), [(9, "exposed-service")]);
        assert_eq!(lines("stack.yaml", &group(443)), []);
        let between = |from: &str, to: &str| {
            group(443)
                .replace("FromPort: 443", &format!("FromPort: {from}"))
                .replace("ToPort: 443", &format!("ToPort: {to}"))
        };
        assert_eq!(lines("stack.yaml", &between("0", "65535")), [(9, "exposed-service")]);
        assert_eq!(lines("stack.yaml", &between("20", "9000")), [(9, "exposed-service")]);
        assert_eq!(lines("stack.yaml", &between("80", "443")), []);
        let every = group(443).replace("IpProtocol: tcp", "IpProtocol: \"-1\"");
        assert_eq!(lines("stack.yaml", &every), [(9, "exposed-service")]);
    }
}
