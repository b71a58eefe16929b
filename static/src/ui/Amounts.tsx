import { Money } from "./parts";

/** Sums by currency, side by side: different currencies are never added up. */
export function Amounts({ of }: { of: { currency: string; amount: string }[] }) {
  return (
    <>
      {of.map(({ currency, amount }, at) => (
        <span key={currency}>
          {at ? " + " : ""}
          <Money amount={amount} currency={currency} />
        </span>
      ))}
    </>
  );
}
