// Package options stands in for the real one, of which the validation needs one number and which brings the whole of the API
// server with it: 600 packages more to compile.
package options

// CloudControllerManagerWebhookPort is the default port of a webhook.
const CloudControllerManagerWebhookPort = 10260
