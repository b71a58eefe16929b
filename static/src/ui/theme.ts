import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const accent: MantineColorsTuple = [
  "#eef0fc",
  "#dadff7",
  "#b6c0ef",
  "#93a4ff",
  "#6d80e6",
  "#5165d6",
  "#3a4fc4",
  "#3244ab",
  "#28378c",
  "#1d2868",
];

const dark: MantineColorsTuple = [
  "#ececee",
  "#b3b5bd",
  "#9698a2",
  "#5d5f69",
  "#3a3b43",
  "#2b2c32",
  "#212227",
  "#1c1d21",
  "#141518",
  "#0f1012",
];

/** Mantine spoken in our tokens: 14 px base, 4 px grid, quiet lines instead of shadows. */
export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 6, dark: 5 },
  colors: { accent, dark },
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "12px", xl: "16px" },
  defaultRadius: "sm",
  headings: {
    fontWeight: "620",
    sizes: {
      h1: { fontSize: "22px", lineHeight: "1.3" },
      h2: { fontSize: "17px", lineHeight: "1.35" },
      h3: { fontSize: "14px", lineHeight: "1.4" },
    },
  },
  components: {
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm" } },
    // a list is made when it is opened: a panel with many of them would hold thousands of choices that nobody sees
    Combobox: { defaultProps: { keepMounted: false } },
    Textarea: { defaultProps: { size: "sm" } },
    InputWrapper: { styles: { description: { fontSize: "12.5px", lineHeight: 1.4 }, error: { fontSize: "12.5px", lineHeight: 1.4 } } },
    Tooltip: { defaultProps: { openDelay: 300, transitionProps: { duration: 100 }, multiline: true, maw: 320 } },
    Modal: {
      defaultProps: { transitionProps: { duration: 120 }, overlayProps: { backgroundOpacity: 0.35 }, closeButtonProps: { "aria-label": "Close" } },
      styles: { title: { fontSize: 16, fontWeight: 620 } },
    },
    Menu: { defaultProps: { transitionProps: { duration: 100 }, shadow: "md" } },
  },
});

export const cssVariables: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-2)",
    "--mantine-color-default": "var(--surface)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-default-hover": "var(--surface-2)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-placeholder": "var(--ink-3)",
    "--mantine-color-anchor": "var(--accent)",
    "--mantine-color-error": "var(--failed)",
    "--mantine-shadow-md": "var(--shadow-float)",
  };
  return { variables: {}, light: shared, dark: shared };
};
