/** How a client gets a token here; see http://hl7.org/fhir/smart-app-launch/conformance.html. */
export function smartConfiguration(site: string): object {
  return {
    token_endpoint: `${site}/oauth2/token`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    scopes_supported: ['system/*.cruds', 'system/*.rs'],
    code_challenge_methods_supported: ['S256'],
    capabilities: ['client-confidential-symmetric', 'permission-v1', 'permission-v2']
  }
}
