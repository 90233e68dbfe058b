/** `Type/<id>`, the name of a resource in the hub, taken apart. */
export const refOfName = (name: string) => ({
  resourceType: name.slice(0, name.indexOf('/')),
  id: name.slice(name.indexOf('/') + 1)
})
