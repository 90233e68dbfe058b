/**
 * Whether a narrative is only what FHIR allows: basic formatting in an XHTML div, no scripts, forms, frames, event handlers or
 * outside content. What does not fit is refused, never altered in silence.
 */
export function isSafeNarrative(div: string): boolean {
  const rest = div.trim()
  if (!/^<div(?=[\s>])/.test(rest) || !rest.endsWith('</div>') || /<[!?]/.test(rest.replace(/<!--(?:[^-]|-[^-])*-->/g, '')))
    return false
  for (const [tag] of rest.replace(/<!--(?:[^-]|-[^-])*-->/g, '').matchAll(/<[^>]*>?/g)) {
    const match = /^<\/?([a-z][a-z0-9]*)((?:\s+[A-Za-z:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*\/?>$/.exec(tag)
    if (!match || !elements.has(match[1] as string)) return false
    for (const [, name = '', double, single] of (match[2] as string).matchAll(/([A-Za-z:-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g)) {
      if (!isSafeAttribute(name, double ?? single ?? '')) return false
    }
  }
  return true
}

function isSafeAttribute(name: string, value: string): boolean {
  if (name === 'href') return /^(?:#|https?:\/\/|mailto:|tel:|urn:uuid:|[A-Za-z]+\/[\w.-]+(?:\/|$))/.test(value)
  if (name === 'src') return /^(?:#|data:image\/(?:png|jpeg|gif);)/.test(value)
  if (name === 'style') return !/url\s*\(|expression|import|&|\\/i.test(value)
  return attributes.has(name)
}

const elements = new Set(
  `a abbr acronym b big blockquote br caption center cite code col colgroup dd dfn div dl dt em font h1 h2 h3 h4 h5 h6 hr i img li ol p
  pre q samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var`.split(/\s+/)
)

const attributes = new Set(
  `abbr align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class color colspan compact
  coords dir frame headers height hreflang hspace id lang longdesc name nowrap rel rev rowspan rules scope shape size span start summary
  tabindex title type valign value vspace width xml:lang xmlns`.split(/\s+/)
)
