/** One configured account at a partner. */
export interface Connection {
  readonly name: string
  readonly baseUrl: string
  /**
   * The bearer token, fetched when needed so that secrets can rotate. With `refused`, the partner has just refused that token:
   * give another, fetching it once for all who ask.
   */
  token(refused?: string): Promise<string>
  /** What the owner of the account has allowed, by grant name: `{ allowUpdate: true }`. Nothing by default. */
  readonly grants?: Readonly<Record<string, boolean>>
}
