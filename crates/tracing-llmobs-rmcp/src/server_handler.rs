//! A `ServerHandler` whose requests are recorded, for servers that do not take any `Service`.
#![expect(deprecated, reason = "the protocol gives some of its methods up, and a handler still has them")]

use std::borrow::Cow;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CancelledNotificationParam, CompleteRequestParams,
    CompleteResult, CustomNotification, CustomRequest, CustomResult, DiscoverResult, ErrorData, GetPromptRequestParams,
    GetPromptResponse, GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult, InitializeRequestParams,
    InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
    ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse,
    ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use tracing::instrument::Instrument;
use tracing_llmobs::observe::DeferredAnnotation;

use crate::service::{LlmObsService, outcome};
use crate::{intent, payloads};

/// A server's handler whose requests are recorded, made by [`LlmObsService::into_handler`].
///
/// It forwards every method that a handler has in rmcp 3.9. Where any [`Service`](rmcp::Service) will do, use
/// [`LlmObsService`], which forwards what later versions add too.
#[derive(Debug, Clone)]
pub struct LlmObsServerHandler<S>(pub(crate) LlmObsService<S>);

/// Forwards methods to the inner handler.
macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $output:ty)?;)*) => {
        $(async fn $name(&self, $($argument: $type),*) $(-> $output)? {
            self.0.inner.$name($($argument),*).await
        })*
    };
}

impl<S: ServerHandler> ServerHandler for LlmObsServerHandler<S> {
    async fn call_tool(
        &self,
        mut params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let intent = if self.0.captures_intent { intent::take(&mut params) } else { None };
        let (span, cancelled) = (self.0.incoming(&context).tool_call(&params, intent), context.ct.clone());
        let response = self.0.inner.call_tool(params, context).instrument(span.span()).await;
        let output = |response: &CallToolResponse| match response {
            CallToolResponse::Complete(result) => payloads::tool_result(result),
            CallToolResponse::InputRequired(result) => payloads::small_output(result),
            CallToolResponse::Task(result) => payloads::small_output(result),
            _ => DeferredAnnotation::default(),
        };
        span.end(|| outcome(&response, output, cancelled.is_cancelled()));
        response
    }

    async fn initialize(
        &self,
        params: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let (span, cancelled) = (self.0.incoming(&context).initialize(&params), context.ct.clone());
        let response = self.0.inner.initialize(params, context).instrument(span.span()).await;
        span.end(|| outcome(&response, payloads::small_output, cancelled.is_cancelled()));
        response
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let span = self.0.incoming(&context).discover(context.client_info().as_ref());
        let cancelled = context.ct.clone();
        let response = self.0.inner.discover(context).instrument(span.span()).await;
        span.end(|| outcome(&response, payloads::small_output, cancelled.is_cancelled()));
        response
    }

    async fn read_resource(
        &self,
        params: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (span, cancelled) = (self.0.incoming(&context).resource_read(&params), context.ct.clone());
        let response = self.0.inner.read_resource(params, context).instrument(span.span()).await;
        let output = |response: &ReadResourceResponse| match response {
            ReadResourceResponse::Complete(result) => payloads::resources(result),
            ReadResourceResponse::InputRequired(result) => payloads::small_output(result),
            _ => DeferredAnnotation::default(),
        };
        span.end(|| outcome(&response, output, cancelled.is_cancelled()));
        response
    }

    async fn get_prompt(
        &self,
        params: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let (span, cancelled) = (self.0.incoming(&context).prompt(&params), context.ct.clone());
        let response = self.0.inner.get_prompt(params, context).instrument(span.span()).await;
        let output = |response: &GetPromptResponse| match response {
            GetPromptResponse::Complete(result) => payloads::prompt(result),
            GetPromptResponse::InputRequired(result) => payloads::small_output(result),
            _ => DeferredAnnotation::default(),
        };
        span.end(|| outcome(&response, output, cancelled.is_cancelled()));
        response
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut listed = self.0.inner.list_tools(page, context).await;
        if self.0.captures_intent
            && let Ok(listed) = &mut listed
        {
            intent::ask_for(listed);
        }
        listed
    }

    fn negotiate_initialize(&self, params: &InitializeRequestParams) -> Result<InitializeResult, ErrorData> {
        self.0.inner.negotiate_initialize(params)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.inner.supported_protocol_versions()
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.0.inner.accepted_subscription_filter(requested)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.inner.get_tool(name)
    }

    fn get_info(&self) -> ServerConfig {
        self.0.inner.get_info()
    }

    forward! {
        ping(context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
        complete(params: CompleteRequestParams, context: RequestContext<RoleServer>) -> Result<CompleteResult, ErrorData>;
        set_level(params: SetLevelRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
        list_prompts(page: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListPromptsResult, ErrorData>;
        list_resources(page: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListResourcesResult, ErrorData>;
        list_resource_templates(page: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListResourceTemplatesResult, ErrorData>;
        listen(context: SubscriptionContext) -> Result<(), ErrorData>;
        subscribe(params: SubscribeRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
        unsubscribe(params: UnsubscribeRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
        on_custom_request(request: CustomRequest, context: RequestContext<RoleServer>) -> Result<CustomResult, ErrorData>;
        on_cancelled(params: CancelledNotificationParam, context: NotificationContext<RoleServer>);
        on_progress(params: ProgressNotificationParam, context: NotificationContext<RoleServer>);
        on_initialized(context: NotificationContext<RoleServer>);
        on_roots_list_changed(context: NotificationContext<RoleServer>);
        on_custom_notification(notification: CustomNotification, context: NotificationContext<RoleServer>);
        get_task(params: GetTaskParams, context: RequestContext<RoleServer>) -> Result<GetTaskResult, ErrorData>;
        update_task(params: UpdateTaskParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
        cancel_task(params: CancelTaskParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData>;
        list_skills(page: Option<PaginatedRequestParams>, context: RequestContext<RoleServer>) -> Result<ListSkillsResult, ErrorData>;
        get_skill(params: GetSkillRequestParams, context: RequestContext<RoleServer>) -> Result<GetSkillResult, ErrorData>;
        read_resource_directory(params: ReadResourceDirectoryRequestParams, context: RequestContext<RoleServer>) -> Result<ReadResourceDirectoryResult, ErrorData>;
    }
}
