/** Turns off the AWS SDK's warning about the Node version that its future versions need. The user can't act on it. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
