/** Text as string searches compare it: lower case, without accents, blanks collapsed, at most 200 characters. */
export function fold(text: string): string {
  const plain = /^[\x20-\x7e]*$/.test(text)
    ? text
    : text
        .normalize('NFKD')
        .replace(/\p{Mn}/gu, '')
        .replace(/\p{Cc}/gu, ' ')
  return plain.toLowerCase().replace(/ +/g, ' ').trim().slice(0, 200)
}
