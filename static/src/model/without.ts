/** The object without one property: what is not said must leave no trace in a document. */
export function without<T extends object, K extends PropertyKey>(object: T, name: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name)) as Omit<T, K>;
}
