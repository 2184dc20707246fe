//! One rule, compiled.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::ValidationRule;
use kube_cel::cel::Program;

/// A rule with its programs; a rule that does not compile refuses every object and says so.
#[derive(Debug)]
pub struct Rule {
    pub(super) text: String,
    pub(super) message: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) field_path: Option<String>,
    pub(super) optional_old_self: bool,
    pub(super) uses_old_self: bool,
    pub(super) program: Result<Program, String>,
    pub(super) message_program: Option<Program>,
}

impl Rule {
    /// Compiles the rule and its message expression.
    pub(crate) fn compile(rule: &ValidationRule) -> Self {
        let program = Program::compile(&rule.rule).map_err(|error| error.to_string());
        let uses_old_self = program.as_ref().is_ok_and(|program| program.references().has_variable("oldSelf"));
        Self {
            text: rule.rule.trim().to_owned(),
            message: rule
                .message
                .as_deref()
                .map(|message| message.trim().to_owned())
                .filter(|message| !message.is_empty()),
            reason: rule.reason.clone(),
            field_path: rule.field_path.clone().filter(|path| !path.is_empty()),
            optional_old_self: rule.optional_old_self.unwrap_or(false),
            uses_old_self,
            program,
            message_program: rule
                .message_expression
                .as_deref()
                .and_then(|expression| Program::compile(expression).ok()),
        }
    }

    /// How the rule is called in messages about itself.
    pub(super) fn name(&self) -> &str {
        self.message.as_deref().unwrap_or(&self.text)
    }

    /// What is said when the rule fails and has no message expression.
    pub(super) fn fixed_message(&self) -> String {
        match &self.message {
            Some(message) => message.clone(),
            None => format!("failed rule: {}", self.text),
        }
    }
}
