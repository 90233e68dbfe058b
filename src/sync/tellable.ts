/** What may be said of an error: our own messages hold no content; a stranger's may quote a record, so only its class and code are told. */
export function tellable(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  if (ours.has(error.name)) return `${error.name}: ${error.message}`
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? `${error.name} (${code})` : error.name
}

const ours = new Set(['BooksDoNotBalance', 'LeaseLost', 'ListingUnavailable', 'TryLater', 'VersionConflict'])
