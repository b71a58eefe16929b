export { ForecastPage as Component } from "../forecast/ForecastPage";
