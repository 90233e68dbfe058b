/** Does what the printed commands ask of curl, on machines without it: -s, -X, -H and -d. */
const words = process.argv.slice(2)
const headers: Record<string, string> = {}
let url = ''
let method = 'GET'
let body: string | undefined
for (let word = words.shift(); word !== undefined; word = words.shift()) {
  if (word === '-X') method = words.shift() ?? method
  else if (word === '-d') body = words.shift()
  else if (word === '-H') {
    const [name = '', ...value] = (words.shift() ?? '').split(':')
    headers[name] = value.join(':').trim()
  } else if (word !== '-s') url = word
}
process.stdout.write(await (await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })).text())
