/** The AWS SDK announces on every start which Node its future versions will need. The lockfile decides that, not the user. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
